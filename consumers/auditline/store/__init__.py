"""The store: loads the ledger into ClickHouse exactly once, verifies what is there, and searches it."""

from auditline.store.run import run
from auditline.store.settings import ClickHouseSettings, StoreSettings

__all__ = ["ClickHouseSettings", "StoreSettings", "run"]
