"""What every service needs and none should write again: logs, health, stopping, waiting."""

from auditline.service.backoff import delay
from auditline.service.health import CannotListen, Check, HealthServer
from auditline.service.logs import configure_logging
from auditline.service.settings import LogSettings
from auditline.service.stopping import stop_on_signals

__all__ = [
    "CannotListen",
    "Check",
    "HealthServer",
    "LogSettings",
    "configure_logging",
    "delay",
    "stop_on_signals",
]
