"""A demonstration on real input: an LLM gateway's admin API, a driver that works it, and a run of both."""
