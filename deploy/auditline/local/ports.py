"""Free ports on 127.0.0.1, remembered so that a service keeps its own when it starts again."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

HOST = "127.0.0.1"


def remembered(file: Path, names: Sequence[str]) -> dict[str, int]:
    """A port for each of *names*: the one in *file* where it is still free, else a new one."""
    known = msgspec.json.decode(file.read_bytes(), type=dict[str, int]) if file.exists() else {}
    ports = {name: port for name, port in known.items() if name in names and is_free(port)}
    missing = [name for name in names if name not in ports]
    ports |= dict(zip(missing, free(len(missing)), strict=True))
    fresh = file.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(ports))
    os.replace(fresh, file)
    return ports


def free(count: int) -> list[int]:
    """*count* different ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for opened in sockets:
            opened.bind((HOST, 0))
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on *port* now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether something accepts connections on *port*."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
