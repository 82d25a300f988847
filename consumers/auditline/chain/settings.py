"""How the chain batches, remembers and reports."""

from pydantic import BaseModel, ConfigDict, Field


class ChainSettings(BaseModel):
    """Settings of `auditline chain`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str = Field(
        default="auditline-chain",
        min_length=1,
        description="Consumer group, and first part of each transactional id; never change it.",
    )
    batch_records: int = Field(
        default=2_000, ge=1, le=50_000, description="Most records in one transaction."
    )
    batch_bytes: int = Field(
        default=8_000_000, ge=1_000_000, description="Most bytes read for one transaction."
    )
    poll_seconds: float = Field(
        default=0.05, gt=0, le=5, description="Longest wait for a batch to fill."
    )
    transaction_seconds: float = Field(
        default=15.0,
        ge=1,
        le=60,
        description="The broker aborts an orphan after this; until then all readers wait.",
    )
    duplicate_window_seconds: int = Field(
        default=7_200, ge=1, description="How long ids of unnumbered events are remembered."
    )
    duplicate_window_events: int = Field(
        default=2_000_000, ge=1_000, description="At most so many ids a partition (90 bytes each)."
    )
    heads_every_entries: int = Field(
        default=50_000, ge=1, description="Entries between two snapshots in the heads topic."
    )
    heads_every_seconds: float = Field(
        default=30.0, gt=0, description="Longest time between two snapshots while busy."
    )
    health_host: str = Field(default="127.0.0.1", description="Where health and metrics listen.")
    health_port: int = Field(default=9101, ge=0, le=65535, description="0 picks a free port.")
