"""What commands print: JSON lines for programs, tables for people, notes on stderr."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout; `orjson.Fragment`s inside go out as they are."""
    import orjson

    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


def console() -> "Console":
    """Where tables go. Where stdout is no terminal, lines are not cut to a width."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 240
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with *columns*; an absent value is left blank."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value)) for value in row))
    console().print(table)


def note(text: str) -> None:
    """A line for the person at the terminal, beside the command's result."""
    print(text, file=sys.stderr, flush=True)


def plain(value: object) -> str:
    """*value* on one line, control characters made visible: what a caller sent may hold any."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def print_lines(rows: Iterable[Sequence[object]]) -> None:
    """Rows without a table, for those that come one by one."""
    for row in rows:
        print("  ".join(plain(value) for value in row if value is not None), flush=True)


def print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values below one another, whole: a hash is there to be copied."""
    known = [(name, plain(value)) for name, value in pairs]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        print(f"{name:<{width}}  {value}")
