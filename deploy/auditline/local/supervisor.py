"""Starts services, keeps them running and stops them, whatever becomes of the supervisor itself.

One supervisor works in one directory, held by a lock that ends with its process. Its services are
in process groups of their own and outlive it if it is killed; the next supervisor in the directory
ends them before it starts its own.
"""

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from auditline.local import lock, statefile
from auditline.local.process import (
    end_group,
    identity,
    log_path,
    log_tail,
    orphan_groups,
    signal_group,
    spawn,
)
from auditline.local.service import RestartPolicy, Service, Status, in_order
from auditline.local.slot import Slot

_TICK = 0.1


class SupervisorBusy(Exception):
    """Another supervisor works in this directory: use it, or stop it."""


class ServiceFailed(Exception):
    """A service did not become ready: its log, quoted in the text, says why."""


class Supervisor:
    """Runs services in *directory*. Use it as a context manager: leaving stops everything."""

    def __init__(self, directory: Path, policy: RestartPolicy | None = None) -> None:
        """Raises SupervisorBusy when another one has the directory."""
        self.directory = directory.resolve()
        self._policy = policy or RestartPolicy()
        self._slots: dict[str, Slot] = {}
        self._changed = threading.Condition(threading.RLock())
        self._closing = threading.Event()
        self._lock = _acquire(self.directory)
        self._end_orphans()
        self._monitor = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._monitor.start()

    def start_all(self, services: Sequence[Service]) -> None:
        """Starts *services*, each after those it names are ready, and waits for all of them.

        Raises ServiceFailed; what has started then goes on until `close`.
        """
        for service in in_order(services):
            for name in service.after:
                self.wait_ready(name)
            self.begin(service)
        for service in services:
            self.wait_ready(service.name)

    def start(self, service: Service | str) -> None:
        """Starts a new service, or again the one of that name, and waits until it is ready."""
        self.begin(self._slots[service].service if isinstance(service, str) else service)
        self.wait_ready(service if isinstance(service, str) else service.name)

    def stop(self, name: str) -> None:
        """Stops a service and leaves it down. Returns when its whole group has ended."""
        with self._changed:
            slot = self._slots[name]
            slot.wanted = False
            child, slot.child = slot.child, None
            self._write()
        if child is not None:
            end_group(child.pid, slot.service.stop_signal, slot.service.stop_timeout)
            child.wait()

    def kill(
        self, name: str, number: signal.Signals = signal.SIGKILL, *, hold: bool = False
    ) -> None:
        """Sends a signal to a service's group, as a fault. With *hold* it is not started again."""
        with self._changed:
            slot = self._slots[name]
            slot.wanted = slot.wanted and not hold
            if slot.child is None:
                return
            signal_group(slot.child.pid, number)
            if number == signal.SIGKILL:
                slot.child.wait()
                self._died(slot)

    def wait_ready(self, name: str, timeout: float | None = None) -> None:
        """Waits for a service.

        Raises ServiceFailed after *timeout* seconds, and at once when it ends without ever having
        served: starting it again would not help, so it is then left down.
        """
        slot = self._slots[name]
        limit = slot.service.ready_timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        with self._changed:
            while not slot.ready:
                if slot.child is None and not (slot.wanted and slot.served):
                    slot.wanted = False
                    raise self._failure(slot, "ended before it was ready")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._failure(slot, f"was not ready after {limit:g} s")
                self._changed.wait(min(left, _TICK))

    def status(self) -> list[Status]:
        """All services as they stand."""
        with self._changed:
            return [self._status(slot) for slot in self._slots.values()]

    def run_until_signal(self) -> None:
        """Waits for SIGINT or SIGTERM, in the main thread. The caller then closes."""
        wake = threading.Event()
        previous = {
            number: signal.signal(number, lambda *_: wake.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            while not wake.wait(1.0):
                pass
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def close(self) -> None:
        """Stops all services, the last started first, and lets go of the directory."""
        self._closing.set()
        self._monitor.join()
        for name in reversed(list(self._slots)):
            self.stop(name)
        (self.directory / "state.json").unlink(missing_ok=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def begin(self, service: Service) -> None:
        """Starts a service without waiting for it; one that runs already is left alone.

        Raises ServiceFailed when its program cannot be run.
        """
        with self._changed:
            slot = self._slots.get(service.name)
            if slot is not None and slot.child is not None:
                return
            slot = slot or Slot(service)
            slot.service, slot.wanted, slot.served, slot.deaths = service, True, False, 0
            self._slots[service.name] = slot
            try:
                self._spawn(slot)
            except OSError as why:
                slot.wanted = False
                raise ServiceFailed(f"{service.name} does not start: {why}") from None

    def _spawn(self, slot: Slot) -> None:
        slot.child = spawn(slot.service, self.directory)
        # A crash here: the child runs and no file names it, but its environment does.
        slot.process = identity(slot.child.pid)
        slot.started = time.monotonic()
        slot.ready = False
        self._write()

    def _watch(self) -> None:
        while not self._closing.wait(_TICK):
            for slot in list(self._slots.values()):
                try:
                    self._look_at(slot)
                except Exception as why:  # noqa: BLE001
                    # The thread's outermost boundary: a readiness check or a start that fails in
                    # an unforeseen way must not leave the other services without a supervisor.
                    slot.problem = f"{type(why).__name__}: {why}"

    def _look_at(self, slot: Slot) -> None:
        with self._changed:
            child = slot.child
            if child is None:
                if slot.wanted and time.monotonic() >= slot.again_at:
                    slot.restarts += 1
                    self._spawn(slot)
                return
            if child.poll() is not None:
                self._died(slot)
                return
            waits = not slot.ready
        # Asked without the lock: it may take a while, and others want to stop or kill meanwhile.
        if waits and (slot.service.ready is None or slot.service.ready()):
            with self._changed:
                slot.ready = slot.served = slot.child is child
                self._write()
                self._changed.notify_all()

    def _died(self, slot: Slot) -> None:
        if slot.child is None:
            return
        signal_group(slot.child.pid, signal.SIGKILL)  # what the leader left of its group
        slot.child, slot.ready = None, False
        slot.deaths = self._policy.deaths(slot.deaths, time.monotonic() - slot.started)
        slot.again_at = time.monotonic() + self._policy.delay(slot.deaths)
        slot.wanted = slot.wanted and slot.service.restart
        self._write()
        self._changed.notify_all()

    def _status(self, slot: Slot) -> Status:
        pid = slot.child.pid if slot.child is not None else None
        return Status(slot.service.name, slot.state(), pid, slot.service.ports, slot.restarts)

    def _failure(self, slot: Slot, what: str) -> ServiceFailed:
        name = slot.service.name
        tail = log_tail(self.directory, name)
        what = f"{what} ({slot.problem})" if slot.problem else what
        return ServiceFailed(f"{name} {what}; {log_path(self.directory, name)} ends:\n{tail}")

    def _write(self) -> None:
        me = identity(os.getpid())
        services = {
            name: statefile.Running(
                slot.process.pid,
                slot.process.create_time,
                slot.process.pid,
                dict(slot.service.ports),
                slot.ready,
                slot.state(),
                slot.restarts,
            )
            for name, slot in self._slots.items()
            if slot.process is not None
        }
        statefile.write(self.directory, statefile.StateFile(me.pid, me.create_time, services))

    def _end_orphans(self) -> None:
        for pgid in orphan_groups(self.directory):
            end_group(pgid, signal.SIGTERM, 10.0)


def stop_supervisor(directory: Path, timeout: float = 60.0) -> bool:
    """Stops the supervisor in *directory* and all it runs, from another process.

    Returns whether there was anything to stop. One that was killed cannot stop its services, so
    they are ended here. Raises TimeoutError when it does not end in *timeout* seconds.
    """
    directory = directory.resolve()
    holder = running_supervisor(directory)
    if holder is not None:
        os.kill(holder, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while running_supervisor(directory) == holder:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the supervisor, process {holder}, does not stop")
            time.sleep(0.05)
        return True
    left = orphan_groups(directory)
    for pgid in left:
        end_group(pgid, signal.SIGTERM, 10.0)
    return bool(left)


def running_supervisor(directory: Path) -> int | None:
    """The process that supervises *directory*, or None. The lock decides: a file could be old."""
    return lock.holder(directory / "lock")


def _acquire(directory: Path) -> IO[str]:
    try:
        return lock.hold(directory / "lock")
    except lock.Held as held:
        raise SupervisorBusy(
            f"{directory} is supervised by process {held.pid}: stop that one first, "
            "or choose another directory"
        ) from None
