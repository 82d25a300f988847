"""A small but real LLM gateway: its admin API over HTTP, with state in SQLite, every action audited.

It keeps one promise towards the audit log: no privileged action is answered, and no change is
committed, before the broker has acknowledged its event.
"""
