"""The ledger format's own golden values."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from auditline.ledger import (
    Entry,
    Kind,
    Leaf,
    Malformed,
    ProofError,
    commitment,
    decode_entry,
    encode_entry,
    genesis_prev,
    leaf_hash,
    origin,
)
from auditline.ledger.tree import (
    CompactRange,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "ledger.json").read_text())
ENTRIES = VECTORS["entries"]
HASHES = [bytes.fromhex(e["leaf_hash"]) for e in ENTRIES]


def _prev(seq: int) -> bytes:
    return bytes.fromhex(ENTRIES[seq - 1]["leaf_hash"] if seq else VECTORS["genesis_prev"])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"seq{e['seq']}")
def test_leaf(entry: dict[str, Any]) -> None:
    digest = commitment(bytes.fromhex(entry["salt"]), entry["event"].encode())
    leaf = Leaf(
        log_id=bytes.fromhex(VECTORS["log_id"]),
        seq=entry["seq"],
        recorded_at=entry["recorded_at"],
        event_id=UUID(entry["event_id"]).bytes,
        commitment=digest,
        kind=Kind(entry["kind"]),
        partition=entry["partition"],
        offset=entry["offset"],
        prev=_prev(entry["seq"]),
    )
    assert digest.hex() == entry["commitment"]
    assert leaf.pack().hex() == entry["leaf"]
    assert Leaf.parse(leaf.pack()) == leaf
    assert leaf_hash(leaf.pack()).hex() == entry["leaf_hash"]


def test_genesis() -> None:
    log_id = bytes.fromhex(VECTORS["log_id"])
    name = origin("audit.example.com", log_id)
    assert name == VECTORS["origin"]
    assert genesis_prev(name, log_id, VECTORS["org_id"]).hex() == VECTORS["genesis_prev"]


def test_roots_and_proofs() -> None:
    tree = CompactRange()
    for entry, leaf in zip(ENTRIES, HASHES, strict=True):
        tree.append(leaf)
        assert tree.root().hex() == entry["root_after"]
    inclusion = inclusion_proof(HASHES, 2)
    assert [h.hex() for h in inclusion] == VECTORS["inclusion_seq2_size5"]
    verify_inclusion(HASHES[2], 2, 5, inclusion, tree.root())
    consistency = consistency_proof(HASHES, 3)
    assert [h.hex() for h in consistency] == VECTORS["consistency_3_to_5"]
    verify_consistency(3, 5, consistency, bytes.fromhex(ENTRIES[2]["root_after"]), tree.root())


def test_every_size_proves_every_leaf_and_every_prefix() -> None:
    leaves = [leaf_hash(bytes([i])) for i in range(33)]
    roots = []
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
        roots.append(tree.root())
    for size in range(1, 34):
        for i in range(size):
            proof = inclusion_proof(leaves[:size], i)
            verify_inclusion(leaves[i], i, size, proof, roots[size - 1])
            proof = consistency_proof(leaves[:size], i + 1)
            verify_consistency(i + 1, size, proof, roots[i], roots[size - 1])
            if proof:
                with pytest.raises(ProofError):
                    verify_consistency(i + 1, size, proof[:-1], roots[i], roots[size - 1])


@pytest.mark.parametrize(
    "damage",
    [
        lambda leaf: leaf[:-1],
        lambda leaf: leaf + b"\0",
        lambda leaf: b"auditline-leaf2\n" + leaf[16:],
        lambda leaf: leaf[:96] + (8).to_bytes(4) + leaf[100:],
        lambda leaf: b"",
    ],
    ids=["short", "long", "label", "kind", "empty"],
)
def test_a_malformed_leaf_is_refused(damage: Any) -> None:
    with pytest.raises(Malformed):
        Leaf.parse(damage(bytes.fromhex(ENTRIES[0]["leaf"])))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 8191, 8192, 1_048_576])
def test_entry_record_round_trip(size: int) -> None:
    entry = Entry(bytes.fromhex(ENTRIES[0]["leaf"]), bytes(16), b"x" * size)
    value = encode_entry(entry)
    assert decode_entry(value) == entry
    for damaged in (None, b"", value[:-1], value + b"\0", b"\0" + value[1:], value[:100]):
        with pytest.raises(Malformed):
            decode_entry(damaged)
