"""`auditline chain`: run the chain."""

import typer

from auditline.cli.options import ConfigOption


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("chain", epilog="Example: auditline chain --config /etc/auditline.toml")(chain)


def chain(config: ConfigOption = None) -> None:
    """Run the chain.

    It takes events from Kafka, numbers and hashes them, and writes the ledger.

    Runs until SIGTERM or Ctrl-C; run as many as you like, they share the partitions.
    Health and metrics are on chain.health_port.
    """
    from auditline.chain.run import run
    from auditline.cli.context import service_settings
    from auditline.service import stop_on_signals

    settings = service_settings(config)
    with stop_on_signals() as stop:
        run(settings.kafka, settings.chain, stop)
