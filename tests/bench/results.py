"""A measured figure: how it compares, and whether it meets its bar."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import orjson
from rich.console import Console
from rich.table import Table

Direction = Literal["at least", "at most"]
_HOLDS: dict[Direction, Callable[[float, float], bool]] = {
    "at least": lambda value, bar: value >= bar,
    "at most": lambda value, bar: value <= bar,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table and of results.json.

    *ratio* is *value* over *baseline*, both from the same run. *met* is None where no bar is set,
    and False where a bar is set and nothing could be measured.
    """

    name: str
    value: float | None
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    note: str = ""


def figure(name: str, value: float, unit: str, note: str = "") -> Row:
    """A figure that is shown and has no bar."""
    return Row(name, _short(value), unit, note=note)


def barred(
    name: str,
    value: float,
    unit: str,
    direction: Direction,
    bar: float,
    *,
    note: str = "",
    also: bool = True,
) -> Row:
    """A figure with a bar; *also* is any other condition that the bar names."""
    met = _HOLDS[direction](value, bar) and also
    return Row(name, _short(value), unit, bar=f"{direction} {bar:g}", met=met, note=note)


def compared(
    name: str,
    value: float,
    baseline: float,
    unit: str,
    at_least: float | None = None,
    note: str = "",
    *,
    ratio: float | None = None,
) -> Row:
    """A figure against *baseline*; the bar, if any, is on their ratio."""
    ratio = value / baseline if ratio is None else ratio
    bar = "" if at_least is None else f"ratio at least {at_least:g}"
    met = None if at_least is None else ratio >= at_least
    return Row(name, _short(value), unit, _short(baseline), round(ratio, 2), bar, met, note)


def paired(
    name: str,
    values: Sequence[float],
    baselines: Sequence[float],
    unit: str,
    at_least: float | None = None,
    note: str = "",
) -> Row:
    """Medians of both; the ratio is the median of the pairs', each of which ran back to back."""
    ratio = median(v / b for v, b in zip(values, baselines, strict=True))
    return compared(name, median(values), median(baselines), unit, at_least, note, ratio=ratio)


def unmeasured(name: str, unit: str, bar: str, note: str) -> Row:
    """A figure with a bar that could not be measured: not met."""
    return Row(name, None, unit, bar=bar, met=False, note=note)


def write(rows: Sequence[Row], file: Path) -> None:
    """Write *rows* as a JSON list."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        orjson.dumps([asdict(row) for row in rows], option=orjson.OPT_INDENT_2) + b"\n"
    )


def show(rows: Sequence[Row], console: Console) -> None:
    """Print *rows* as a table, and the notes below it."""
    table = Table("figure", "value", "unit", "baseline", "ratio", "bar", "met", box=None)
    for row in rows:
        table.add_row(
            row.name,
            _text(row.value),
            row.unit,
            _text(row.baseline),
            _text(row.ratio),
            row.bar,
            {None: "", True: "yes", False: "NO"}[row.met],
        )
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.name}: {row.note}", markup=False, highlight=False)


def _short(value: float) -> float:
    """Three digits are more than any of these figures holds."""
    return float(f"{value:.4g}")


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"
