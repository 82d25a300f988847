"""The store: loads the ledger into ClickHouse exactly once, verifies what is there, searches it.

Nothing is imported here, so that reading its settings does not load its clients: take `run` from
`auditline.store.run`.
"""
