"""One Kafka broker from Maven Central's jars: KRaft, broker and controller in one process.

<cache>/kafka-<version>-<pom>/   the jars, shared by all directories
<directory>/data/                the log, formatted once
<directory>/server.properties    written at each start
<directory>/log/                 the broker's own log
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from auditline.local.ports import HOST, answers, remembered
from auditline.local.service import Service
from auditline.local.tools import JAVA, MAVEN

HEAP = "512m"
# Room for the largest entry: an event of 1 MB, its leaf, and a batch around them.
MAX_MESSAGE_BYTES = 8 << 20
_NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


class KafkaSetupFailed(Exception):
    """The jars could not be had, or the storage not be formatted: the text says what to do."""


def version() -> str:
    """The broker's version, as the packaged pom names it."""
    found = ET.fromstring(_resource("pom.xml")).find("m:properties/m:kafka.version", _NAMESPACE)
    return found.text or "" if found is not None else ""


def fetch(cache: Path | None = None) -> Path:
    """The directory with the broker's jars, downloaded on first use (44 MB).

    Raises ToolMissing without Maven, KafkaSetupFailed when Maven fails.
    """
    pom = _resource("pom.xml")
    root = cache or _user_cache()
    done = root / f"kafka-{version()}-{hashlib.sha256(pom.encode()).hexdigest()[:8]}"
    if done.is_dir():
        return done
    root.mkdir(parents=True, exist_ok=True)
    print(f"fetching Kafka {version()} (44 MB) into {done}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=root, prefix="fetching-") as work:
        (Path(work) / "pom.xml").write_text(pom, "utf-8")
        _maven(Path(work))
        # A crash before the rename leaves a folder nobody looks at; the next start fetches again.
        try:
            (Path(work) / "libs").rename(done)
        except OSError:
            if not done.is_dir():  # else another process was first, with the same jars
                raise
    return done


def service(directory: Path, cache: Path | None = None) -> Service:
    """The broker in *directory*, prepared so that it only needs to be started."""
    jars, java = fetch(cache), str(JAVA.require())
    directory.mkdir(parents=True, exist_ok=True)
    ports = remembered(directory / "ports.json", ("kafka", "controller"))
    properties = directory / "server.properties"
    properties.write_text(_text(settings(ports, directory / "data")), "utf-8")
    (directory / "log4j2.xml").write_text(_resource("log4j2.xml"), "utf-8")
    if not (directory / "data").is_dir():
        _format(directory, ports, jars, java)
    options = [f"-Xmx{HEAP}", "-Xms128m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"]
    options += [f"-Dlog4j2.configurationFile={directory / 'log4j2.xml'}"]
    options += [f"-Dauditline.logs={directory / 'log'}", "-Djava.awt.headless=true"]
    return Service(
        name="kafka",
        argv=[java, *options, "-cp", f"{jars}/*", "kafka.Kafka", str(properties)],
        ready=lambda: serves(ports["kafka"]),
        ready_timeout=90.0,
        ports=ports,
        stop_timeout=30.0,
    )


def serves(port: int) -> bool:
    """Whether the broker on *port* is registered and answers for its cluster."""
    if not answers(port):
        return False
    client = AdminClient({"bootstrap.servers": f"{HOST}:{port}", "log_level": 0})
    try:
        return bool(client.list_topics(timeout=2.0).brokers)
    except KafkaException:
        return False


def settings(ports: Mapping[str, int], data: Path) -> dict[str, str]:
    """The broker's settings: what one node needs, and what keeps it small on a laptop."""
    broker, controller = (f"{HOST}:{ports[name]}" for name in ("kafka", "controller"))
    one = (
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.min.isr",
        "default.replication.factor",
    )
    return {
        "node.id": "1",
        "process.roles": "broker,controller",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        **dict.fromkeys(one, "1"),
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.num.partitions": "8",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(MAX_MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
        # 128 MB by default, a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
        # How long a broker that was killed is waited for before its successor may register.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }


def _format(directory: Path, ports: Mapping[str, int], jars: Path, java: str) -> None:
    fresh = directory / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    properties = directory / "format.properties"
    properties.write_text(_text(settings(ports, fresh)), "utf-8")
    command = [java, "-Xmx128m", f"-Dlog4j2.configurationFile={directory / 'log4j2.xml'}"]
    command += [f"-Dauditline.logs={directory / 'log'}", "-cp", f"{jars}/*"]
    command += ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise KafkaSetupFailed(f"Kafka's storage was not formatted: {done.stderr or done.stdout}")
    # A crash before the rename leaves data.new, which the next start formats anew.
    fresh.rename(directory / "data")


def _maven(work: Path) -> None:
    command = [str(MAVEN.require()), "-q", "-B", "-f", str(work / "pom.xml")]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={work / 'libs'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work)
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise KafkaSetupFailed(f"Maven could not fetch Kafka's jars; is it offline?\n{last}")


def _cluster_id() -> str:
    """A random id in Kafka's form, which may not begin with a dash."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")) and (
        made.startswith("-")
    ):
        pass
    return made


def _user_cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "auditline"


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _text(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
