"""The store: loads the ledger into ClickHouse exactly once, verifies what is there, and searches it."""
