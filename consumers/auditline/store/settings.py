"""How to reach ClickHouse, and how the store batches and reports."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_SCHEMES = ("clickhouse", "clickhouses", "http", "https")


class ClickHouseTls(BaseModel):
    """Verification of the server's certificate, and ours if it asks for one (mTLS)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify: bool = Field(default=True, description="Check the server's certificate and name.")
    ca: Path | None = Field(default=None, description="PEM bundle to trust; else the system's.")
    certificate: Path | None = Field(default=None, description="Our PEM certificate, for mTLS.")
    key: Path | None = Field(default=None, description="The PEM key of our certificate.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("mTLS needs both certificate and key")
        if not self.verify and self.ca:
            raise ValueError("a CA is given but verify is false")
        return self


class ClickHouseSettings(BaseModel):
    """Where ClickHouse is, and as whom; the scheme ``https`` or ``clickhouses`` encrypts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dsn: SecretStr = Field(
        default=SecretStr("clickhouse://auditline_writer@127.0.0.1:8123/audit"),
        description="The writer, used by `store`: scheme://user@host:port/database.",
    )
    password: SecretStr | None = Field(default=None, description="The writer's password.")
    reader_dsn: SecretStr | None = Field(
        default=None, description="A reader, used by commands that only read; else the writer."
    )
    reader_password: SecretStr | None = Field(default=None, description="The reader's password.")
    tls: ClickHouseTls = Field(default_factory=ClickHouseTls, description="Encryption and mTLS.")
    connect_seconds: float = Field(default=5.0, gt=0, le=60, description="Longest to connect.")
    insert_seconds: float = Field(
        default=30.0,
        gt=0,
        le=50,
        description="Longest for one insert; below Kafka's max.poll.interval, or the group lets go.",
    )
    query_seconds: float = Field(default=300.0, gt=0, description="Longest for one query's block.")

    @field_validator("dsn", "reader_dsn")
    @classmethod
    def _readable(cls, dsn: SecretStr | None) -> SecretStr | None:
        if dsn is not None:
            parts = urlsplit(dsn.get_secret_value())
            if parts.scheme not in _SCHEMES or not parts.hostname:
                # Without the DSN itself: it may hold a password.
                raise ValueError(f"a DSN is scheme://user@host:port/database, {_SCHEMES} first")
        return dsn


class StoreSettings(BaseModel):
    """Settings of `auditline store`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str = Field(
        default="auditline-store",
        min_length=1,
        max_length=200,
        description="Consumer group, and first part of each insert's token; never change it.",
    )
    batch_rows: int = Field(
        default=50_000, ge=1, le=500_000, description="Most rows in one insert, which is one part."
    )
    batch_bytes: int = Field(
        default=32_000_000, ge=1_000, le=128_000_000, description="Most bytes in one insert."
    )
    batch_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Longest that an entry waits for a batch to fill."
    )
    retry_seconds: float = Field(
        default=20.0, gt=0, le=300, description="Longest wait between two tries of an insert."
    )
    health_host: str = Field(default="127.0.0.1", description="Where health and metrics listen.")
    health_port: int = Field(default=9102, ge=0, le=65535, description="0 picks a free port.")
