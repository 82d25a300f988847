"""SIGTERM and SIGINT, in processes of their own."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from auditline.service import stop_on_signals

with stop_on_signals() as stop:
    print("runs", flush=True)
    stop.wait()
    print("stopping", flush=True)
    if "stubborn" in sys.argv:
        while True:
            time.sleep(1)
print("stopped", flush=True)
"""


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks(number: signal.Signals) -> None:
    with start() as process:
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("stopping\nstopped\n", 0)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_it(second: signal.Signals) -> None:
    with start("stubborn") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(second)
        rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("", -second)
