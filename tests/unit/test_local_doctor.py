"""What `doctor` concludes from what it finds, and that it finds something here."""

import tomllib
from pathlib import Path

import pytest

from auditline.local import doctor
from auditline.local.tools import JAVA, MAVEN

JAVA_17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment'
JAVA_8 = 'java version "1.8.0_392"'


@pytest.mark.parametrize(
    ("printed", "version"),
    [(JAVA_17, 17), (JAVA_8, 8), ('openjdk version "25" 2025-09-16', 25), ("no Java here", None)],
)
def test_java_tells_its_version(printed: str, version: int | None) -> None:
    assert doctor.java_version(printed) == version


def test_a_machine_without_java_hears_what_to_install() -> None:
    check = doctor.judge_java(None, "")
    assert (check.status, check.found) == ("missing", "not installed")
    assert "openjdk" in check.remedy


def test_an_old_or_broken_java_is_missing() -> None:
    assert doctor.judge_java(Path("/x/java"), JAVA_17).status == "ok"
    old = doctor.judge_java(Path("/x/java"), JAVA_8)
    assert (old.status, old.found) == ("missing", "8 at /x/java")
    assert "Java 17 or newer" in old.remedy
    assert doctor.judge_java(Path("/x/java"), "").status == "missing"


def test_each_system_has_its_own_command() -> None:
    assert JAVA.remedy("Darwin") == "brew install openjdk@17"
    assert MAVEN.remedy("Linux").startswith("apt-get install -y maven")


def test_resources_are_judged_by_what_the_services_need() -> None:
    gib = 1 << 30
    assert [doctor.judge_disk(n * gib).status for n in (10, 2, 0)] == ["ok", "warn", "missing"]
    assert [doctor.judge_memory(n * gib).status for n in (8, 1)] == ["ok", "warn"]
    assert [doctor.judge_python(v).status for v in ((3, 12, 1), (3, 10, 9))] == ["ok", "missing"]
    assert doctor.judge_port(80, False).status == "warn"
    assert doctor.judge_docker(None, "").status == "ok"
    assert doctor.judge_modules(["chdb"]).remedy == "pip install 'auditline[local]'"


def test_whoever_needs_something_hears_how_to_get_it(tmp_path: Path) -> None:
    checks = doctor.examine(tmp_path / "not" / "yet", tmp_path / "auditline.toml", [1])
    assert [c.name for c in checks][:3] == ["python", "java", "mvn"]
    assert all(c.remedy for c in checks if c.status != "ok")
    assert all(not c.remedy for c in checks if c.status == "ok")


def test_it_knows_every_package_of_the_extra() -> None:
    """doctor imports none of them, so its list is held to the one that pip reads."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    wanted = project["project"]["optional-dependencies"]["local"]
    names = {spec.split(">")[0].replace("-", "_") for spec in wanted if ">" in spec}
    assert names <= set(doctor.MODULES)
