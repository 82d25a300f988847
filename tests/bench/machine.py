"""What the figures were measured on."""

import os
import platform
from pathlib import Path

import psutil

from bench.results import Row, figure
from bench.sizes import Sizes


def run(_: Sizes) -> list[Row]:
    """Cores and memory, and how busy the machine was before anything began."""
    busy = os.getloadavg()[0]
    note = (
        f"{_model()}, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()},"
        f" Python {platform.python_version()}; load average before: {busy:.1f}"
    )
    return [figure("machine", os.cpu_count() or 1, "cores", note)]


def _model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
