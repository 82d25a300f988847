"""How to reach Kafka, and as whom."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Scalar = str | int | float | bool


class TlsSettings(BaseModel):
    """Transport encryption; with a certificate and a key of our own it is mutual (mTLS)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Encrypt connections.")
    ca: Path | None = Field(default=None, description="PEM bundle to trust; else the system's.")
    certificate: Path | None = Field(default=None, description="Our PEM certificate, for mTLS.")
    key: Path | None = Field(default=None, description="The PEM key of our certificate.")
    key_password: SecretStr | None = Field(default=None, description="Password of the key.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("mTLS needs both certificate and key")
        if not self.enabled and (self.ca or self.certificate):
            raise ValueError("certificates are given but enabled is false")
        return self

    def client_options(self) -> dict[str, Scalar]:
        """These settings in librdkafka's words."""
        options: dict[str, Scalar] = {"ssl.endpoint.identification.algorithm": "https"}
        if self.ca:
            options["ssl.ca.location"] = str(self.ca)
        if self.certificate and self.key:
            options["ssl.certificate.location"] = str(self.certificate)
            options["ssl.key.location"] = str(self.key)
        if self.key_password:
            options["ssl.key.password"] = self.key_password.get_secret_value()
        return options


class SaslSettings(BaseModel):
    """Authentication by SASL: SCRAM with a password, or OAuth bearer tokens by OIDC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        description="SASL mechanism."
    )
    username: str | None = Field(default=None, description="SCRAM user.")
    password: SecretStr | None = Field(default=None, description="SCRAM password.")
    token_endpoint: str | None = Field(default=None, description="OIDC token endpoint.")
    client_id: str | None = Field(default=None, description="OIDC client.")
    client_secret: SecretStr | None = Field(default=None, description="OIDC client's secret.")
    scope: str | None = Field(default=None, description="OIDC scope to ask for.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mechanism == "OAUTHBEARER":
            needed = {
                "token_endpoint": self.token_endpoint,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
            }
        else:
            needed = {"username": self.username, "password": self.password}
        if missing := [name for name, value in needed.items() if not value]:
            raise ValueError(f"{self.mechanism} needs {' and '.join(missing)}")
        return self

    def client_options(self) -> dict[str, Scalar]:
        """These settings in librdkafka's words."""
        options: dict[str, Scalar] = {"sasl.mechanism": self.mechanism}
        if self.mechanism == "OAUTHBEARER":
            options["sasl.oauthbearer.method"] = "oidc"
            options["sasl.oauthbearer.token.endpoint.url"] = self.token_endpoint or ""
            options["sasl.oauthbearer.client.id"] = self.client_id or ""
            options["sasl.oauthbearer.client.secret"] = _reveal(self.client_secret)
            if self.scope:
                options["sasl.oauthbearer.scope"] = self.scope
        else:
            options["sasl.username"] = self.username or ""
            options["sasl.password"] = _reveal(self.password)
        return options


class KafkaSettings(BaseModel):
    """Where Kafka is, how to connect, and the shape of the topics."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap_servers: str = Field(
        default="127.0.0.1:9092", min_length=1, description="host:port, separated by commas."
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="Encryption and mTLS.")
    sasl: SaslSettings | None = Field(default=None, description="Authentication by SASL.")
    topic_prefix: str = Field(
        default="audit",
        pattern=r"^[a-zA-Z0-9_-]+$",
        description="First part of every topic's name; another keeps two logs apart.",
    )
    partitions: int = Field(
        default=12,
        ge=1,
        le=10_000,
        description="Partitions of a log made by `topics create`; fixed from then on.",
    )
    replication_factor: int = Field(default=3, ge=1, description="Copies of each topic.")
    schema_registry_url: str | None = Field(
        default=None, description="Confluent-compatible registry; only for Confluent framing."
    )

    def client_options(self) -> dict[str, Scalar]:
        """The connection in librdkafka's words."""
        options: dict[str, Scalar] = {"bootstrap.servers": self.bootstrap_servers}
        options["security.protocol"] = self._protocol()
        if self.tls.enabled:
            options |= self.tls.client_options()
        if self.sasl:
            options |= self.sasl.client_options()
        return options

    def _protocol(self) -> str:
        tls = "SSL" if self.tls.enabled else "PLAINTEXT"
        return f"SASL_{tls}" if self.sasl else tls


def _reveal(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
