"""transparency-dev's RFC 6962 proof cases, two in three of them hostile."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from auditline.ledger.errors import ProofError
from auditline.ledger.tree import verify_consistency, verify_inclusion

FOLDER = Path(__file__).parents[3] / "shared" / "vectors" / "merkle"
# Roots of twelve bytes, equal to each other; ours must be hashes.
STRICTER = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"
CASES = sorted(FOLDER.glob("*/**/*.json"))


def _hash(text: str | None) -> bytes:
    return b64decode(text or "")


def _verify(path: Path, case: dict[str, Any]) -> None:
    proof = [_hash(h) for h in case["proof"] or []]
    if path.relative_to(FOLDER).parts[0] == "inclusion":
        leaf, root = _hash(case["leafHash"]), _hash(case["root"])
        verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    else:
        roots = _hash(case["root1"]), _hash(case["root2"])
        verify_consistency(case["size1"], case["size2"], proof, *roots)


@pytest.mark.skipif(not CASES, reason=f"the public RFC 6962 cases are not at {FOLDER.name}/")
def test_all_cases() -> None:
    wrong = []
    for path in CASES:
        case = json.loads(path.read_text())
        try:
            _verify(path, case)
            accepted = True
        except ProofError:
            accepted = False
        if accepted == case["wantErr"]:
            wrong.append(str(path.relative_to(FOLDER)))
    assert wrong == [STRICTER]
    assert len(CASES) > 100
