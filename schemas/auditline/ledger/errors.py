"""Errors of the ledger package.

Malformed           bytes that are not what the ledger format says: never skipped, never repaired
ProofError          a Merkle proof that does not prove
"""


class Malformed(ValueError):
    """Bytes that break the ledger format; the text says where."""


class ProofError(ValueError):
    """An inclusion or consistency proof that does not prove what it claims."""
