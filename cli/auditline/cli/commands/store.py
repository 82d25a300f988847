"""`auditline store`: run the store."""

import typer

from auditline.cli.options import ConfigOption


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("store", epilog="Example: auditline store --config /etc/auditline.toml")(store)


def store(config: ConfigOption = None) -> None:
    """Run the store.

    It takes entries from the ledger into ClickHouse, each exactly once.

    Runs until SIGTERM or Ctrl-C. Health and metrics are on store.health_port.
    """
    from auditline.cli.context import service_settings
    from auditline.service import stop_on_signals
    from auditline.store.run import run

    settings = service_settings(config)
    with stop_on_signals() as stop:
        run(settings.kafka, settings.clickhouse, settings.store, stop)
