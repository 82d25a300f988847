"""The committed versions of the event schema, found by fingerprint.

A record is always decoded with the schema it was written with, never resolved to another: an
audit log must not lose a symbol or a field that it does not know yet. An unknown fingerprint is
an error that says to upgrade the reader.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro.schema

SINGLE_OBJECT_MARK = b"\xc3\x01"
"""Avro specification, "Single-object encoding": two bytes before the fingerprint."""


def plain(schema: Any) -> Any:
    """*schema* without docs and logical types, so that values stay the exact ints and bytes."""
    if isinstance(schema, dict):
        return {k: plain(v) for k, v in schema.items() if k not in ("doc", "logicalType")}
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    return schema


def prefix(schema: Any) -> bytes:
    """The ten bytes before a record in single-object encoding: mark and CRC-64-AVRO."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    # fastavro gives the hexadecimal digits already in the little-endian order of the wire.
    return SINGLE_OBJECT_MARK + bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


@cache
def committed() -> Mapping[int, Any]:
    """Every committed version of the schema, by version number, newest last."""
    found = {}
    for file in files(__package__).iterdir():
        if file.name.startswith("audit_event.v") and file.name.endswith(".avsc"):
            found[int(file.name.split(".")[1][1:])] = json.loads(file.read_text())
    return dict(sorted(found.items()))


def by_prefix(schemas: Iterable[Any]) -> dict[bytes, Any]:
    """Map each schema's single-object prefix to it; two that share one would be ambiguous."""
    found: dict[bytes, Any] = {}
    for schema in schemas:
        mark = prefix(schema)
        if mark in found:
            raise ValueError("two schema versions have the same fingerprint")
        found[mark] = schema
    return found
