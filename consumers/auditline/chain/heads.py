"""Records of ``audit.heads``: the log's manifest and a snapshot of each partition's state.

The topic is a cache. `Snapshot.leaf` and `Position.leaf` name the ledger entry that each was
written with, in the same transaction; one whose entry is not in the ledger is not believed.
JSON, so that an operator can read it; bytes are base64.

| key                  | value                                            | written                  |
|----------------------|--------------------------------------------------|--------------------------|
| manifest             | `Manifest`                                       | once, by topics create   |
| position             | `Position`                                       | in every transaction     |
| snapshot             | `Snapshot`                                       | every so many entries    |
| log/<org>            | `LogHead` of a log that changed                  | with a snapshot          |
| producer/<epoch>/<id>| `Counter` of an incarnation that changed         | with a snapshot          |
| ids/<slot>           | raw: (u64 chained at, 16-byte event id) repeated | with a snapshot          |
"""

from typing import TypeVar

import msgspec

MANIFEST_KEY = b"manifest"
POSITION_KEY = b"position"
SNAPSHOT_KEY = b"snapshot"
LOG = b"log/"
PRODUCER = b"producer/"
IDS = b"ids/"


class Manifest(msgspec.Struct, frozen=True):
    """What was fixed when the log was created."""

    deployment: str
    partitions: int
    created_at: int
    version: int = 1


class Position(msgspec.Struct, frozen=True):
    """*next_offset* of the source, valid with the ledger entry whose leaf hash is *leaf*."""

    next_offset: int
    leaf: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """State up to the entry *leaf*; the ledger is to be read again from *ledger_offset*."""

    ledger_offset: int
    leaf: bytes


class LogHead(msgspec.Struct):
    """The end of one org's log: *size* entries, the last with leaf hash *leaf*."""

    log_id: bytes
    size: int
    leaf: bytes
    recorded_at: int


class Counter(msgspec.Struct, frozen=True):
    """The last counter of a producer incarnation."""

    last: int


T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def decode(value: bytes, type_: type[T]) -> T:
    """The record *value* as *type_*; raises `msgspec.MsgspecError` if it is not one."""
    return msgspec.json.decode(value, type=type_)


def producer_key(producer_id: str, epoch: int) -> bytes:
    """Key of an incarnation's counter."""
    return PRODUCER + f"{epoch}/{producer_id}".encode()


def parse_producer_key(key: bytes) -> tuple[str, int]:
    """The incarnation that a key names."""
    epoch, _, producer_id = key[len(PRODUCER) :].decode().partition("/")
    return producer_id, int(epoch)


def pack_ids(ids: list[tuple[int, bytes]]) -> bytes:
    """Ids with the time they were chained at, as one value."""
    return b"".join(at.to_bytes(8) + event_id for at, event_id in ids)


def unpack_ids(value: bytes) -> list[tuple[int, bytes]]:
    """The ids in a value that `pack_ids` made."""
    return [
        (int.from_bytes(value[i : i + 8]), value[i + 8 : i + 24]) for i in range(0, len(value), 24)
    ]
