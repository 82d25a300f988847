"""Whether what comes from the ledger continues what is in the table, log by log. Pure.

The third line after intent and token: an entry that is in the table already is not inserted
again, and a log that does not go on where it ends stops the store.

    first entry of a log since assignment   seq at most the number of its rows in the table
    every other                             one more than the one before
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from auditline.store.errors import Broken
from auditline.store.plan import Logs, Record


@dataclass(slots=True)
class Sequence:
    """What is known of the logs of one partition; *stored* is the next seq that the table lacks."""

    _stored: dict[bytes, int] = field(default_factory=dict)
    _next: dict[bytes, int] = field(default_factory=dict)

    def unknown(self, records: Iterable[Record]) -> Logs:
        """The logs in *records* whose end in the table has to be asked for."""
        return Logs.of(r for r in records if r.log_id not in self._stored)

    def learn(self, asked: Logs, stored: Mapping[bytes, int]) -> None:
        """Note the next seq of each log *asked* for; logs not in *stored* have no rows."""
        for log_id in asked.ids:
            self._stored[log_id] = stored.get(log_id, 0)

    def missing(self, records: Iterable[Record]) -> list[Record]:
        """Those of *records* that the table lacks, in order; raises `Broken` for a hole.

        Call it once for each record, in order, after `learn`.
        """
        lacking = []
        for record in records:
            log_id, seq = record.log_id, record.seq
            stored = self._stored[log_id]
            expected = self._next.get(log_id)
            if seq != expected and (expected is not None or seq > stored):
                raise Broken(_hole(record, stored if expected is None else expected))
            self._next[log_id] = seq + 1
            if seq >= stored:
                lacking.append(record)
        return lacking


def _hole(record: Record, expected: int) -> str:
    log = record.log_id.hex()
    if record.seq > expected:
        return (
            f"entries {expected} to {record.seq - 1} of log {log} are neither in the table nor in "
            f"the ledger before offset {record.offset}: if the ledger's retention has removed "
            "them, restore the topic, then start again"
        )
    return (
        f"the ledger has entry {record.seq} of log {log} again at offset {record.offset}, where "
        f"{expected} belongs: the chain is forked; run `auditline verify` and look at the ledger"
    )
