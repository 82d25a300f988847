"""Random bytes by the block: one system call for hundreds of salts instead of one for each."""

import os

_BLOCK = 16_384


class RandomPool:
    """Hands out bytes of the system's cryptographic generator, each exactly once."""

    def __init__(self) -> None:
        self._block = b""
        self._used = 0

    def __call__(self, n: int) -> bytes:
        """*n* fresh random bytes, at most 16 KiB."""
        start = self._used
        if start + n > len(self._block):
            self._block = os.urandom(_BLOCK)
            start = 0
        self._used = start + n
        return self._block[start : self._used]
