"""The chain: reads what gateways say and keeps it, numbered and hashed, exactly once.

Nothing is imported here, so that reading its settings does not load its clients: take `run` from
`auditline.chain.run`, `create_log` from `auditline.chain.create`.
"""
