"""All settings of Auditline: one TOML file, and the environment, which wins.

A variable is named after its key: ``kafka.sasl.password`` is ``AUDITLINE_KAFKA__SASL__PASSWORD``.
"""

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from auditline.chain.settings import ChainSettings
from auditline.kafka import KafkaSettings
from auditline.service import LogSettings
from auditline.store.settings import ClickHouseSettings, StoreSettings


class Settings(BaseSettings):
    """Everything that can be set. Use `auditline.cli.configuration.load`, which explains errors."""

    model_config = SettingsConfigDict(
        env_prefix="AUDITLINE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    deployment: str = Field(
        default="auditline.local",
        min_length=1,
        max_length=200,
        pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$",
        description="Name of this deployment, part of every log's origin; never change it.",
    )
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged.")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="Kafka.")
    clickhouse: ClickHouseSettings = Field(
        default_factory=ClickHouseSettings, description="ClickHouse."
    )
    chain: ChainSettings = Field(default_factory=ChainSettings, description="`auditline chain`.")
    store: StoreSettings = Field(default_factory=StoreSettings, description="`auditline store`.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before what is passed in, which comes from the file."""
        return env_settings, init_settings
