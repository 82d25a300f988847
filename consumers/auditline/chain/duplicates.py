"""Telling a retry from a new event, in bounded memory.

A numbered producer's retry carries a counter at or below its last: dropped however old. Without
numbers there is a window of event ids, over *seconds* of chain time and at most *limit* ids.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from auditline.event import ProducerNumber

Incarnation = tuple[str, int]
"""A producer's id and epoch; two processes that share an id never share an epoch's counters."""


class Arrival(Enum):
    """What a numbered event is to what came before it."""

    NEXT = auto()
    RETRY = auto()
    GAP = auto()


def judge(last: int, counter: int) -> Arrival:
    """Where *counter* stands after *last* (0: nothing yet)."""
    if counter <= last:
        return Arrival.RETRY
    return Arrival.NEXT if counter == last + 1 else Arrival.GAP


@dataclass(slots=True)
class Window:
    """Event ids seen in the last *seconds* of chain time (microsecond clock values come in)."""

    seconds: int
    limit: int
    ids: set[bytes] = field(default_factory=set)
    _order: deque[tuple[int, bytes]] = field(default_factory=deque)

    def __contains__(self, event_id: bytes) -> bool:
        return event_id in self.ids

    def add(self, event_id: bytes, at: int) -> None:
        """Remember *event_id*, chained at *at*; forget what is older than the window."""
        if event_id in self.ids:
            return
        self.ids.add(event_id)
        self._order.append((at, event_id))
        oldest = at - self.seconds * 1_000_000
        while self._order[0][0] < oldest or len(self._order) > self.limit:
            self.ids.discard(self._order.popleft()[1])


@dataclass(slots=True)
class Counters:
    """Last counter of each producer incarnation on this partition."""

    last: dict[Incarnation, int] = field(default_factory=dict)
    changed: set[Incarnation] = field(default_factory=set)

    def judge(self, number: ProducerNumber) -> Arrival:
        """What an event with *number* is; changes nothing."""
        return judge(self.last.get((number.id, number.epoch), 0), number.counter)

    def advance(self, number: ProducerNumber) -> None:
        """Take *number* as seen."""
        key = number.id, number.epoch
        self.last[key] = max(self.last.get(key, 0), number.counter)
        self.changed.add(key)
