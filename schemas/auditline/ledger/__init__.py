"""What the log keeps: leaves, hashes, Merkle trees, entries and their verification. No I/O."""

from auditline.ledger.entry import (
    ENTRY_PREFIX,
    Entry,
    decode_entry,
    encode_entry,
    entry_schema,
    entry_value,
)
from auditline.ledger.errors import Malformed, ProofError
from auditline.ledger.leaf import Kind, Leaf, commitment, genesis_prev, leaf_hash, origin

__all__ = [
    "ENTRY_PREFIX",
    "Entry",
    "Kind",
    "Leaf",
    "Malformed",
    "ProofError",
    "commitment",
    "decode_entry",
    "encode_entry",
    "entry_schema",
    "entry_value",
    "genesis_prev",
    "leaf_hash",
    "origin",
]
