"""What `make bench` measures: each module one figure of the log, on real services."""
