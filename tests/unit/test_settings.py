"""The configuration: where it comes from, what is refused and how that is said."""

import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from auditline.cli.configuration import ConfigInvalid, ConfigMissing, find, load
from auditline.cli.effective import default_text, lines, reference
from auditline.cli.keys import keys
from auditline.cli.settings import Settings


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """No variable of the machine's own; those that a test sets go here and into the process."""
    import os

    for name in list(os.environ):
        if name.startswith("AUDITLINE_"):
            monkeypatch.delenv(name)
    return {}


class Case:
    """A configuration of a file and variables."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = directory / "auditline.toml"
        self._monkeypatch = monkeypatch

    def load(self, text: str = "", **environ: str) -> Settings:
        self.file.write_text(text)
        for name, value in environ.items():
            self._monkeypatch.setenv(name, value)
        return load(self.file, environ)

    def problems(self, text: str = "", **environ: str) -> list[str]:
        with pytest.raises(ConfigInvalid) as caught:
            self.load(text, **environ)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [problem.replace(str(self.file), "FILE") for problem in caught.value.problems]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def test_the_reference_is_current_and_its_values_are_the_defaults(case: Case) -> None:
    assert default_text() == reference(Settings), "make docs"
    assert case.load(default_text()) == Settings()


def test_the_reference_names_every_key() -> None:
    known = {key.rpartition(".")[2] for key in keys(Settings)}
    written = default_text()
    missing = {name for name in known if f"{name} =" not in written and f"{name}]" not in written}
    assert missing == set()
    assert "None" not in written


def test_the_environment_wins(case: Case) -> None:
    settings = case.load(
        '[kafka]\nbootstrap_servers = "file:1"\npartitions = 3\n',
        AUDITLINE_KAFKA__BOOTSTRAP_SERVERS="env:2",
        AUDITLINE_STORE__BATCH_ROWS="7",
    )
    assert settings.kafka.bootstrap_servers == "env:2"
    assert settings.kafka.partitions == 3
    assert settings.store.batch_rows == 7


def test_nested_variables_make_a_section(case: Case) -> None:
    settings = case.load(
        '[kafka.tls]\nenabled = true\n[kafka.sasl]\nmechanism = "SCRAM-SHA-512"\n',
        AUDITLINE_KAFKA__SASL__USERNAME="zoe",
        AUDITLINE_KAFKA__SASL__PASSWORD="hunter2",
    )
    options = settings.kafka.client_options()
    assert options["security.protocol"] == "SASL_SSL"
    assert options["sasl.password"] == "hunter2"


def test_unknown_keys_are_named_with_the_nearest(case: Case) -> None:
    text = '[kafka]\nbootsrap_servers = "x:1"\n[kafka.tls]\nenable = true\n[stoer]\ngroup = "a"\n'
    assert sorted(case.problems(text)) == [
        "kafka.bootsrap_servers in FILE: unknown key; did you mean kafka.bootstrap_servers?",
        "kafka.tls.enable in FILE: unknown key; did you mean kafka.tls.enabled?",
        "stoer in FILE: unknown key; did you mean store?",
    ]


def test_variables_that_nothing_reads_are_errors(case: Case) -> None:
    found = case.problems(
        AUDITLINE_KAFKA__BOOTSTRAP="x:1", AUDITLINE_CONFIG="auditline.toml", AUDITLINE_XYZZY="1"
    )
    where = [problem.partition(": nothing reads it; ") for problem in found]
    assert [(left, right) for left, _, right in where] == [
        (
            "environment variable AUDITLINE_KAFKA__BOOTSTRAP",
            "did you mean AUDITLINE_KAFKA__BOOTSTRAP_SERVERS?",
        ),
        ("environment variable AUDITLINE_XYZZY", "see `auditline config default`"),
    ]


def test_a_wrong_value_is_traced_to_where_it_was_set(case: Case) -> None:
    found = case.problems("[kafka]\npartitions = 0\n", AUDITLINE_STORE__BATCH_ROWS="many")
    assert found[0] == "kafka.partitions in FILE: Input should be greater than or equal to 1"
    assert found[1].startswith("environment variable AUDITLINE_STORE__BATCH_ROWS: Input should be")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[kafka.tls]\ncertificate = "c.pem"\n', "kafka.tls in FILE: mTLS needs both"),
        ('[kafka.tls]\nca = "ca.pem"\n', "kafka.tls in FILE: certificates are given but enabled"),
        (
            '[kafka.sasl]\nmechanism = "SCRAM-SHA-256"\nusername = "zoe"\n',
            "kafka.sasl in FILE: SCRAM-SHA-256 needs password",
        ),
        (
            '[kafka.sasl]\nmechanism = "OAUTHBEARER"\nclient_id = "a"\n',
            "kafka.sasl in FILE: OAUTHBEARER needs token_endpoint and client_secret",
        ),
        ('[kafka.sasl]\nmechanism = "PLAIN"\n', "kafka.sasl.mechanism in FILE: Input should be"),
        ('[clickhouse.tls]\nkey = "k.pem"\n', "clickhouse.tls in FILE: mTLS needs both"),
        ('[clickhouse]\ndsn = "mysql://x"\n', "clickhouse.dsn in FILE: a DSN is scheme://"),
        ('deployment = "No Spaces"\n', "deployment in FILE: String should match pattern"),
        ('[log]\nlevel = "loud"\n', "log.level in FILE: Input should be 'debug'"),
    ],
)
def test_incomplete_or_impossible_combinations(case: Case, text: str, problem: str) -> None:
    [found] = case.problems(text)
    assert found.startswith(problem)


SECRETS = """
[kafka.tls]
enabled = true
certificate = "c.pem"
key = "k.pem"
key_password = "hunter2"
[kafka.sasl]
mechanism = "SCRAM-SHA-512"
username = "zoe"
password = "hunter2"
[clickhouse]
dsn = "https://writer:hunter2@ch:8443/audit"
reader_password = "hunter2"
"""


def test_secrets_are_not_shown(case: Case) -> None:
    settings = case.load(SECRETS)
    shown = [repr(settings), str(settings), "\n".join(lines(settings)), settings.model_dump_json()]
    assert all("hunter2" not in text for text in shown)
    assert all("zoe" in text for text in shown)
    assert settings.clickhouse.dsn == SecretStr("https://writer:hunter2@ch:8443/audit")


def test_secrets_are_not_in_errors(case: Case) -> None:
    text = SECRETS.replace("https://", "ftp://").replace("SCRAM-SHA-512", "hunter3")
    found = case.problems(text + "passwrod = 'hunter2'\n", AUDITLINE_KAFKA__TLS__ENABLED="hunter2")
    assert len(found) >= 3
    assert "hunter" not in "\n".join(found)


def test_what_is_in_effect_is_valid_toml(case: Case) -> None:
    settings = case.load(SECRETS)
    assert tomllib.loads("\n".join(lines(settings)))["kafka"]["tls"]["key"] == "k.pem"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"[kafka\n", "FILE is not TOML: .*line 1"), (b"a = '\xff'\n", r"FILE is not UTF-8 \(byte 5")],
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "FILE"
    file.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=problem):
        load(file, {})


def test_the_first_file_that_is_there_counts(tmp_path: Path) -> None:
    named, ours = tmp_path / "named.toml", tmp_path / "auditline.toml"
    local = tmp_path / ".auditline" / "auditline.toml"
    variable = {"AUDITLINE_CONFIG": "named.toml"}
    assert find(None, {}, tmp_path) is None
    local.parent.mkdir()
    local.touch()
    assert find(None, {}, tmp_path) == local
    ours.touch()
    assert find(None, {}, tmp_path) == ours
    with pytest.raises(ConfigMissing, match=r"no configuration file named\.toml"):
        find(None, variable, tmp_path)
    named.touch()
    assert find(None, variable, tmp_path) == named
    assert find(ours, variable, tmp_path) == ours
