"""Every committed version of each schema reads every other (FULL_TRANSITIVE)."""

import io
import itertools
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import event, number

from auditline.event.codec import encode_body
from auditline.event.schema import by_prefix, committed

ROOT = Path(__file__).parents[2] / "schemas" / "auditline"


def _records(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
        for value in schema.values():
            yield from _records(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _records(item)


SCHEMAS = {path.name: json.loads(path.read_text()) for path in sorted(ROOT.glob("*/*.avsc"))}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_documented_and_there_are_no_maps(name: str) -> None:
    for record in _records(SCHEMAS[name]):
        for field in record["fields"]:
            assert field.get("doc"), f"{record['name']}.{field['name']} has no doc"
    assert '"map"' not in json.dumps(SCHEMAS[name])


def test_versions_have_fingerprints_of_their_own() -> None:
    assert len(by_prefix(committed().values())) == len(committed())


PAIRS = list(itertools.product(committed(), repeat=2))


@pytest.mark.parametrize(("writer", "reader"), PAIRS, ids=lambda v: f"v{v}")
@given(counter=st.integers(1, 2**40))
def test_every_version_reads_every_other(writer: int, reader: int, counter: int) -> None:
    newest = fastavro.parse_schema(list(committed().values())[-1])
    body = encode_body(event(producer=number(counter)))
    record = fastavro.schemaless_reader(io.BytesIO(body), newest, None)
    assert isinstance(record, dict)
    written = io.BytesIO()
    writer_schema = fastavro.parse_schema(committed()[writer])
    fastavro.schemaless_writer(written, writer_schema, record)
    seen = fastavro.schemaless_reader(
        io.BytesIO(written.getvalue()), writer_schema, fastavro.parse_schema(committed()[reader])
    )
    assert isinstance(seen, dict)
    for field in ("event_id", "org_id", "action", "actor", "outcome", "producer"):
        assert seen.get(field) == dict(record)[field]


@pytest.mark.parametrize("version", committed())
def test_what_may_be_missing_has_a_default(version: int) -> None:
    """A field that is not in every version needs a default, and so does each enum."""
    names = [{f["name"] for f in s["fields"]} for s in committed().values()]
    everywhere = set.intersection(*names)
    for field in committed()[version]["fields"]:
        assert "default" in field or field["name"] in everywhere
    text = json.dumps(committed()[version])
    assert text.count('"enum"') == text.count('"symbols"')
