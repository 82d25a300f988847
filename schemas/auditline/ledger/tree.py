"""RFC 6962 Merkle trees: a compact range to append to, proofs, and their verification.

A compact range is the list of roots of the perfect subtrees that a tree of *size* leaves falls
into, largest first: all that is needed to append and to tell the root (C2SP and Trillian use the
same). Hashes are 32 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from auditline.ledger.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """RFC 6962 hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class CompactRange:
    """The right edge of a tree; `append` takes leaf hashes in order of seq."""

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def append(self, leaf_hash: bytes) -> None:
        """Add the next leaf's hash."""
        hash_, size = leaf_hash, self.size
        while size & 1:
            hash_ = node(self.roots.pop(), hash_)
            size >>= 1
        self.roots.append(hash_)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree so far; SHA-256 of nothing for an empty one."""
        if not self.roots:
            return EMPTY_ROOT
        hash_ = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            hash_ = node(left, hash_)
        return hash_


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over *leaves* (leaf hashes)."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two smaller than *size*."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf *index* in the tree over *leaves* (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ProofError(f"no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root_of(leaves[:k])]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """Proof that the tree over *leaves* extends its first *size* leaves (RFC 6962, 2.1.2)."""
    if not 0 < size <= len(leaves):
        raise ProofError(f"no tree of {size} within one of {len(leaves)}")
    return _subproof(leaves, size, True)


def _subproof(leaves: Sequence[bytes], size: int, whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _split(len(leaves))
    if size <= k:
        return [*_subproof(leaves[:k], size, whole), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], size - k, False), root_of(leaves[:k])]


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise `ProofError` unless *proof* shows the leaf at *index* of the tree (RFC 9162, 2.1.3.2)."""
    _check_hashes((leaf_hash, root, *proof))
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    fn, sn, hash_ = index, size - 1, leaf_hash
    for sibling in proof:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            hash_ = node(sibling, hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = node(hash_, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    if hash_ != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Raise `ProofError` unless *proof* shows that tree 2 extends tree 1 (RFC 9162, 2.1.4.2)."""
    _check_hashes((root1, root2, *proof))
    if not 0 < size1 <= size2:
        raise ProofError(f"a tree of {size2} cannot extend one of {size1}")
    if size1 == size2:
        if proof or root1 != root2:
            raise ProofError("equal sizes need equal roots and no proof")
        return
    path = list(proof)
    if size1 & (size1 - 1) == 0:
        path.insert(0, root1)
    _walk_consistency(size1, size2, path, root1, root2)


def _walk_consistency(
    size1: int, size2: int, path: list[bytes], root1: bytes, root2: bytes
) -> None:
    if not path:
        raise ProofError("the proof is empty")
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            old, new = node(sibling, old), node(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    if old != root1 or new != root2:
        raise ProofError("the proof leads to other roots")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(hash_) != HASH_SIZE for hash_ in hashes):
        raise ProofError(f"a hash has {HASH_SIZE} bytes")
