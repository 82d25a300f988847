"""`make demo`, from the outside: it ends well only if the forgery was found."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration


def test_the_demonstration_ends_as_it_should() -> None:
    command = [sys.executable, "-m", "demo", "--requests", "120"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert said.index("VERIFIED_ANCHORED") < said.index("TAMPERED")
    assert "sk-live-" not in said + done.stderr
