"""A supervisor's memory of one service."""

import subprocess
from dataclasses import dataclass

from auditline.local.process import Identity
from auditline.local.service import Service, State


@dataclass(slots=True)
class Slot:
    """One service: what is wanted of it, and what is."""

    service: Service
    wanted: bool = True
    child: subprocess.Popen[bytes] | None = None
    process: Identity | None = None
    started: float = 0.0
    ready: bool = False
    served: bool = False  # has been ready since it was asked for
    deaths: int = 0
    restarts: int = 0
    again_at: float = 0.0
    problem: str = ""

    def state(self) -> State:
        """What others call the two together."""
        if self.child is None:
            return "waiting" if self.wanted else "stopped"
        return "ready" if self.ready else "starting"
