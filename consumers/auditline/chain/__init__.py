"""The chain: reads what gateways say and keeps it, numbered and hashed, exactly once."""

from auditline.chain.create import Created, create_log
from auditline.chain.run import run
from auditline.chain.settings import ChainSettings

__all__ = ["ChainSettings", "Created", "create_log", "run"]
