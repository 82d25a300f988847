"""The supervisor with real processes: what it starts, restarts, ends and leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from auditline.local import statefile
from auditline.local.service import RestartPolicy, Service, in_order
from auditline.local.supervisor import (
    ServiceFailed,
    Supervisor,
    SupervisorBusy,
    stop_supervisor,
)

QUICK = RestartPolicy(first=0.05, longest=0.2, lasting=60.0)
SLEEPS = "import time; time.sleep(600)"


def python(name: str, code: str, **options: object) -> Service:
    return Service(name, [sys.executable, "-c", code], **options)  # type: ignore[arg-type]


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Polls: these are facts about other processes, which nothing announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path, QUICK) as opened:
        yield opened


def pid_of(supervisor: Supervisor, name: str = "a") -> int:
    pid = next(s.pid for s in supervisor.status() if s.name == name)
    assert pid is not None
    return pid


def test_restarts_wait_longer_each_time_until_a_run_lasts() -> None:
    policy = RestartPolicy(first=0.5, longest=8.0, lasting=60.0)
    assert [policy.delay(n) for n in (1, 2, 3, 4, 5, 6, 60)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert policy.deaths(5, uptime=3.0) == 6
    assert policy.deaths(5, uptime=61.0) == 1


def test_services_start_after_those_they_name() -> None:
    a, b, c = (Service(n, ["x"], after=after) for n, after in (("a", "c"), ("b", "a"), ("c", "")))
    assert [s.name for s in in_order([a, b, c])] == ["c", "a", "b"]
    with pytest.raises(ValueError, match="wait for one another: a, c"):
        in_order([a, Service("c", ["x"], after=("a",))])


def test_a_service_runs_in_its_own_group_and_logs(supervisor: Supervisor) -> None:
    marker = supervisor.directory / "up"
    code = f"print('hello', flush=True); open({str(marker)!r}, 'w').close(); {SLEEPS}"
    supervisor.start(python("a", code, ready=marker.exists))
    pid = pid_of(supervisor)
    assert os.getpgid(pid) == pid
    assert (supervisor.directory / "logs" / "a.log").read_text() == "hello\n"
    assert [s.state for s in supervisor.status()] == ["ready"]


def test_what_dies_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(python("a", SLEEPS))
    first = pid_of(supervisor)
    supervisor.kill("a", signal.SIGKILL)
    supervisor.wait_ready("a")
    assert pid_of(supervisor) != first
    assert supervisor.status()[0].restarts == 1


def test_what_is_held_or_stopped_stays_down(supervisor: Supervisor) -> None:
    supervisor.start(python("a", SLEEPS))
    supervisor.kill("a", hold=True)
    supervisor.start(python("b", SLEEPS))
    supervisor.stop("b")
    assert [s.state for s in supervisor.status()] == ["stopped", "stopped"]
    supervisor.start("a")
    assert [s.state for s in supervisor.status()] == ["ready", "stopped"]


def test_a_service_that_never_serves_is_reported_with_its_log(supervisor: Supervisor) -> None:
    with pytest.raises(ServiceFailed, match=r"a ended before it was ready[\s\S]*no such luck"):
        supervisor.start(python("a", "print('no such luck'); raise SystemExit(1)", ready=bool))
    assert supervisor.status()[0].state == "stopped"
    with pytest.raises(ServiceFailed, match=r"b was not ready after 0.3 s"):
        supervisor.start(python("b", SLEEPS, ready=bool, ready_timeout=0.3))


def test_a_program_that_is_not_there_is_an_error(supervisor: Supervisor) -> None:
    with pytest.raises(ServiceFailed, match=r"a does not start: .*/no/such/program"):
        supervisor.start(Service("a", ["/no/such/program"]))


def test_a_check_that_fails_is_quoted_and_harms_nobody_else(supervisor: Supervisor) -> None:
    def broken() -> bool:
        raise LookupError("no port")

    with pytest.raises(ServiceFailed, match="LookupError: no port"):
        supervisor.start(python("a", SLEEPS, ready=broken, ready_timeout=0.5))
    supervisor.start(python("b", SLEEPS))
    supervisor.kill("b")
    supervisor.wait_ready("b")


def test_stopping_ends_the_whole_group_even_if_it_will_not(supervisor: Supervisor) -> None:
    marker = supervisor.directory / "child"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    child = f"{deaf} import os; open({str(marker)!r}, 'w').write(str(os.getpid())); {SLEEPS}"
    code = f"{deaf} import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    supervisor.start(
        python(
            "a", code, stop_timeout=0.3, ready=lambda: marker.exists() and marker.read_text() != ""
        )
    )
    pids = [pid_of(supervisor), int(marker.read_text())]
    supervisor.stop("a")
    assert not any(_runs(pid) for pid in pids)


def test_a_stopped_process_is_ended_too(supervisor: Supervisor) -> None:
    supervisor.start(python("a", SLEEPS))
    pid = pid_of(supervisor)
    supervisor.kill("a", signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    supervisor.stop("a")
    assert not _runs(pid)


def test_one_supervisor_a_directory(supervisor: Supervisor) -> None:
    with pytest.raises(SupervisorBusy, match=f"process {os.getpid()}"):
        Supervisor(supervisor.directory)


SUPERVISE = """
import sys
from pathlib import Path
from auditline.local.service import Service
from auditline.local.supervisor import Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start(Service("a", [sys.executable, "-c", "import time; time.sleep(600)"]))
    supervisor.run_until_signal()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor in another process, once its service is ready."""
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path)])
    until(lambda: (s := statefile.read(tmp_path)) is not None and s.services["a"].ready)
    yield process
    process.kill()
    process.wait()
    stop_supervisor(tmp_path)


def _running(directory: Path) -> statefile.Running:
    state = statefile.read(directory)
    assert state is not None
    return state.services["a"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(
    other: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    service = _running(tmp_path).identity()
    assert service.alive()
    other.send_signal(number)
    assert other.wait(20) == 0
    assert not service.alive()


def test_a_killed_supervisor_leaves_nothing_for_long(
    other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    service = _running(tmp_path).identity()
    other.kill()
    other.wait()
    assert service.alive()
    with Supervisor(tmp_path) as successor:
        assert not service.alive()
        successor.start(python("a", SLEEPS))


def test_another_process_stops_it(other: subprocess.Popen[bytes], tmp_path: Path) -> None:
    service = _running(tmp_path).identity()
    other.poll()
    assert stop_supervisor_while_reaping(other, tmp_path)
    assert not service.alive()
    assert not stop_supervisor(tmp_path)


def test_another_process_cleans_up_after_a_killed_one(
    other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    service = _running(tmp_path).identity()
    other.kill()
    other.wait()
    assert stop_supervisor(tmp_path)
    assert not service.alive()


def stop_supervisor_while_reaping(process: subprocess.Popen[bytes], directory: Path) -> bool:
    """A zombie is not alive to `stop_supervisor`; this process is its parent and reaps it after."""
    stopped = stop_supervisor(directory)
    assert process.wait(20) == 0
    return stopped


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
