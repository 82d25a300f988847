"""How long to wait before another attempt."""

from collections.abc import Callable

_DOUBLINGS = 32  # beyond any cap, and far from overflowing a float


def delay(attempt: int, base: float, cap: float, random: Callable[[], float]) -> float:
    """Seconds to wait before retry number *attempt*, counted from 1: exponential, full jitter.

    Uniform between 0 and ``min(cap, base * 2 ** (attempt - 1))``, so that many clients which
    failed together do not come back together. *random* gives numbers in [0, 1).
    """
    if attempt < 1:
        raise ValueError(f"attempts are counted from 1, not {attempt}")
    return random() * min(cap, base * 2.0 ** min(attempt - 1, _DOUBLINGS))
