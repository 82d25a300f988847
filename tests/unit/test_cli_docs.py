"""The pages that are made from the program are what it would make now."""

from pathlib import Path

from auditline.cli.reference import cli_page, commands

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_reference_is_current() -> None:
    assert PAGE.read_text("utf-8") == cli_page(), "make docs"


def test_every_command_is_in_it() -> None:
    import typer

    from auditline.cli.app import app

    page = PAGE.read_text("utf-8")
    names = [name for name, _ in commands(typer.main.get_command(app))]
    assert len(names) >= 15
    assert [name for name in names if f"\n## {name}\n" not in page] == []
