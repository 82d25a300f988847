"""`python -m bench.readme`: put the figures of bench/results.json into the README's table."""

import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.results import Row

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results.json"
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"
_HEAD = "| figure | value | compared with | ratio | bar | met |\n|---|---:|---:|---:|---|---|\n"
_WIDTH = 118
_MET = {None: "", True: "yes", False: "**no**"}


def read(file: Path) -> list[Row]:
    """The figures in *file*; raises `msgspec.ValidationError` when they are not."""
    return msgspec.json.decode(file.read_bytes(), type=list[Row])


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown, and the notes of those that have one."""
    lines = [_line(row) for row in rows]
    notes = [_note(row) for row in rows if row.note]
    return _HEAD + "".join(lines) + ("\n" + "".join(notes) if notes else "")


def _note(row: Row) -> str:
    text = f"- {row.name}: {_escaped(row.note)}"
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def rewritten(readme: str, between: str) -> str:
    """*readme* with its table replaced; raises ValueError when the marks are not there."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README needs the lines {BEGIN.strip()} and {END}")
    return head + begin + between + end + tail


def _line(row: Row) -> str:
    cells = (
        row.name,
        _number(row.value, row.unit),
        _number(row.baseline, row.unit),
        _number(row.ratio),
        row.bar,
        _MET[row.met],
    )
    return f"| {' | '.join(map(_escaped, cells))} |\n"


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:,.10g} {unit}".strip()


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def main() -> None:
    """Rewrite the README."""
    if not RESULTS.exists():
        sys.exit(f"there is no {RESULTS.relative_to(ROOT)} yet: run `make bench`")
    readme = ROOT / "README.md"
    readme.write_text(rewritten(readme.read_text("utf-8"), table(read(RESULTS))), "utf-8")


if __name__ == "__main__":
    main()
