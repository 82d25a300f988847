"""Where to begin in a partition, from the group's offset and what the topic still has. Pure."""

from dataclasses import dataclass

from auditline.store.errors import Broken
from auditline.store.plan import Intent


@dataclass(frozen=True, slots=True)
class Position:
    """The offset to read next, and the insert that was begun there, if any."""

    offset: int
    intent: Intent | None = None


def begin(name: str, committed: int | None, metadata: str | None, low: int, high: int) -> Position:
    """The position in partition *name*, whose records are from *low* up to *high*.

    *committed* is None for a group that is new here: it begins at the beginning, and what the
    table has already is skipped entry by entry. Raises `Broken`, and never moves by itself, when
    the offset is not in the topic.
    """
    if committed is None:
        return Position(low)
    intent = Intent.decode(metadata)
    end = intent.end if intent else committed
    if end > high:
        raise Broken(
            f"{name}: the group has read to {end}, beyond the end {high}: the topic was made anew "
            "or restored from before; nothing is read until it is restored as it was"
        )
    if committed < low:
        raise Broken(
            f"{name}: the group's offset {committed} is before the first record {low}: retention "
            "has removed records that may not be stored. Restore the topic if you can; then, or "
            "if not, set the group's offset to the earliest: what is stored is skipped, and a "
            "log with a hole stops the store and is named"
        )
    return Position(committed, intent)
