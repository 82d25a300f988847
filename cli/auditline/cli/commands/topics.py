"""`auditline topics create`: make a log."""

import typer

from auditline.cli.options import ConfigOption, JsonOption

app = typer.Typer(
    help="Kafka's topics.",
    epilog="Example: auditline topics create",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _topics() -> None:
    pass


@app.command("create", epilog="Example: auditline topics create --config auditline.toml")
def create(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Create the log and its topics.

    The number of partitions is fixed from then on. What exists is left as it is, so this may be run again at any time.
    """
    from auditline.chain.create import create_log
    from auditline.cli.context import settings_for
    from auditline.cli.output import print_json

    settings = settings_for(config)
    made = create_log(settings.kafka, settings.deployment)
    if json:
        print_json({"created": made.topics, "partitions": made.partitions, "new": made.new})
        return
    for topic in made.topics:
        print(f"created {topic}")
    print(f"the log {'now has' if made.new else 'has'} {made.partitions} partitions")
