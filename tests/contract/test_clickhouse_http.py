"""clickhouse-connect cannot tell the local server from ClickHouse's own."""

import gzip
import io
import json
import uuid
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address

import clickhouse_connect
import fastavro
import httpx2
import lz4.frame
import psutil
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from fronts import Front

from auditline.local.clickhouse.roles import Role
from auditline.local.stack import dsn
from auditline.local.supervisor import Supervisor

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with Supervisor(tmp_path_factory.mktemp("front")) as supervisor:
        yield Front(supervisor)


@pytest.fixture
def client(server: Front) -> Iterator[Client]:
    with server.client() as opened:
        yield opened


def test_a_dsn_is_enough(client: Client) -> None:
    assert client.ping()
    assert str(client.server_version).startswith("26.")
    assert client.command("SELECT currentDatabase()") == "audit"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("toUInt64(18446744073709551615)", 2**64 - 1),
        ("toInt256('-170141183460469231731687303715884105728000')", -(2**127) * 1000),
        ("toFloat64(0.1)", 0.1),
        ("toDecimal64('12.3400', 4)", Decimal("12.34")),
        ("'a\\0b\\tc\\nd\\'e'", "a\0b\tc\nd'e"),
        ("'Zoë 🙂'", "Zoë 🙂"),
        ("toFixedString('abc', 3)", b"abc"),
        ("true", True),
        ("NULL", None),
        ("toDateTime64('2024-02-29 12:34:56.789012', 6, 'UTC')", datetime(2024, 2, 29, 12, 34, 56, 789012)),
        ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", uuid.UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")),
        ("toIPv4('10.0.0.1')", IPv4Address("10.0.0.1")),
        ("toIPv6('2001:db8::1')", IPv6Address("2001:db8::1")),
        ("['a', 'b']", ["a", "b"]),
        ("map('k', 1)", {"k": 1}),
        ("('x', 7)", ("x", 7)),
        ("toLowCardinality('lc')", "lc"),
    ],
)  # fmt: skip
def test_values_of_each_type(client: Client, expression: str, value: object) -> None:
    assert client.query(f"SELECT {expression}").result_rows == [(value,)]


@pytest.mark.parametrize(
    "text", ["", "it's", "a\\b", "tab\tnew\nline\r", "é🙂", "{x:String}", "`\"'"]
)
def test_parameters_are_bound_as_they_are(client: Client, text: str) -> None:
    found = client.query("SELECT {text:String}", parameters={"text": text})
    assert found.result_rows == [(text,)]


def test_parameters_too_long_for_a_url_come_as_a_form(client: Client) -> None:
    many = [f"id-{i}-é" for i in range(20_000)]
    found = client.query("SELECT length({ids:Array(String)})", parameters={"ids": many})
    assert found.result_rows == [(20_000,)]


def test_settings_hold_for_one_request(client: Client) -> None:
    query = "SELECT getSetting('max_block_size')"
    assert client.query(query, settings={"max_block_size": 77}).result_rows == [(77,)]
    assert client.query(query).result_rows != [(77,)]


def test_an_insert_of_each_type_reads_back(client: Client) -> None:
    when = datetime(2024, 2, 29, 1, 2, 3, 456789, UTC)
    u = uuid.uuid4()
    row = [1, "é\n", b"abc", when, u, True, ["x"], None, "lc", {"k": 1}, "y", Decimal("1.2345")]
    summary = client.insert("typed", [row, [2, *row[1:7], 5, *row[8:]]])
    assert summary.written_rows == 2
    found = client.query("SELECT * FROM typed ORDER BY n").result_rows
    assert found[0] == (1, "é\n", b"abc", when.replace(tzinfo=None), u, True, ["x"], None, *row[8:])
    assert found[1][7] == 5


def _avro(rows: list[dict[str, object]]) -> bytes:
    fields = [
        {"name": "org_id", "type": "string"},
        {"name": "n", "type": "long"},
        {"name": "s", "type": "string"},
    ]
    schema = {"type": "record", "name": "e", "fields": fields}
    out = io.BytesIO()
    fastavro.writer(out, schema, rows)
    return out.getvalue()  # fmt: skip


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("Avro", lambda org: _avro([{"org_id": org, "n": i, "s": "\0é"} for i in range(3)])),
        ("JSONEachRow", lambda org: b"".join(json.dumps({"org_id": org, "n": i, "s": "\0é"}).encode() for i in range(3))),
        ("RowBinary", lambda org: b"".join(bytes([len(org)]) + org.encode() + i.to_bytes(8, "little") + b"\3\0\xc3\xa9" for i in range(3))),
        ("CSV", lambda org: b"".join(f'{org},{i},"\0é"\n'.encode() for i in range(3))),
        ("Values", lambda org: b",".join(f"('{org}',{i},'\\0é')".encode() for i in range(3))),
    ],
)  # fmt: skip
def test_raw_inserts_in_each_format(
    client: Client, format: str, data: Callable[[str], bytes]
) -> None:
    org = f"raw-{format}"
    written = client.raw_insert("entries", ["org_id", "n", "s"], data(org), fmt=format)
    assert written.written_rows == 3
    found = client.query(
        "SELECT n, s FROM entries WHERE org_id = {o:String} ORDER BY n", parameters={"o": org}
    )
    assert found.result_rows == [(i, "\0é") for i in range(3)]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("lz4", lz4.frame.compress),
        ("lz4", lambda d: lz4.frame.compress(d[:9]) + lz4.frame.compress(d[9:])),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("gzip", gzip.compress),
        ("gzip", lambda d: gzip.compress(d[:9]) + gzip.compress(d[9:])),
        ("deflate", zlib.compress),
    ],
)
def test_bodies_arrive_in_each_encoding(
    client: Client, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    org = str(uuid.uuid4())
    data = b"".join(f"{org},{i},x\n".encode() for i in range(1000))
    written = client.raw_insert(
        "entries", ["org_id", "n", "s"], pack(data), fmt="CSV", compression=encoding
    )
    assert written.written_rows == 1000
    assert client.command(f"SELECT count() FROM entries WHERE org_id = '{org}'") == 1000


@pytest.mark.parametrize("encoding", [False, "lz4", "zstd", "gzip", "deflate"])
def test_answers_leave_in_each_encoding(server: Front, encoding: str | bool) -> None:
    with server.client(compress=encoding) as client:
        found = client.query("SELECT number, 'x' FROM numbers(200000)")
        assert found.row_count == 200_000
        assert found.result_columns[0][-1] == 199_999
        with client.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
            assert sum(len(block) for block in blocks) == 200_000


def test_an_answer_larger_than_memory_is_streamed(server: Front, client: Client) -> None:
    process = psutil.Process(server.pid())
    before, highest, size = process.memory_info().rss, 0, 0
    query = "SELECT number, repeat('x', 198) FROM numbers(5000000)"
    with client.raw_stream(query, fmt="RowBinary") as answer:
        while piece := answer.read(1 << 20):
            size += len(piece)
            highest = max(highest, process.memory_info().rss)
    assert size == 5_000_000 * (8 + 2 + 198)
    assert highest - before < 300 << 20


def test_a_client_that_leaves_early_frees_the_server(server: Front, client: Client) -> None:
    with client.raw_stream("SELECT * FROM system.numbers", fmt="RowBinary") as answer:
        assert len(answer.read(1 << 20)) > 0
        answer.close()
    assert client.command("SELECT 1") == 1


def test_totals_are_part_of_the_answer(server: Front) -> None:
    query = "SELECT number % 2 AS k, count() FROM numbers(4) GROUP BY k WITH TOTALS ORDER BY k"
    assert server.post(query).text == "0\t2\n1\t2\n\n0\t4\n"


def test_rows_far_apart_all_arrive(client: Client) -> None:
    """Most blocks of this answer are empty, and an empty one is not its end."""
    query = "SELECT number FROM numbers(3000000) WHERE number % 100000 = 99999"
    with client.query_row_block_stream(query, settings={"max_block_size": 1000}) as blocks:
        assert sum(len(block) for block in blocks) == 30


def test_an_error_behind_the_first_rows_is_raised(client: Client) -> None:
    query = "SELECT throwIf(number = 900000, 'late') FROM numbers(1000000)"
    with (
        pytest.raises(StreamFailureError, match="late"),
        client.query_row_block_stream(query) as blocks,
    ):
        assert sum(len(block) for block in blocks) < 900_000


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELEC 1", 400, 62),
        ("", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT 1 SETTINGS no_such_setting = 1", 404, 115),
        ("SELECT 1 FORMAT Nope", 404, 73),
        ("SELECT toUInt8('x')", 400, 6),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT {missing:String}", 500, 456),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 500, 358),
        ("INSERT INTO entries FROM INFILE '/etc/passwd' FORMAT TSV", 501, 48),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", 403, 497),
        ("INSERT INTO nowhere FORMAT CSV\n1", 404, 60),
        ("INSERT INTO entries FORMAT CSV\na,not a number,c\n", 400, 27),
        ("INSERT INTO entries FORMAT Native\n\1\1\1", 500, 33),
        ("DROP TABLE entries", 403, 497),
    ],
)  # fmt: skip
def test_errors_have_the_servers_status_and_code(
    server: Front, query: str, status: int, code: int
) -> None:
    answer = server.post(query, database="audit")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (
        status,
        str(code),
    )
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


def test_answers_carry_the_servers_headers(server: Front) -> None:
    answer = server.post(
        "SELECT number FROM numbers(5)", default_format="JSON", query_id="q1", wait_end_of_query="1"
    )
    assert answer.headers["X-ClickHouse-Format"] == "JSON"
    assert answer.headers["X-ClickHouse-Query-Id"] == "q1"
    assert answer.headers["X-ClickHouse-Timezone"]
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("5", "5")
    assert [row["number"] for row in answer.json()["data"]] == list(range(5))


def test_a_get_reads_and_cannot_write(server: Front) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    who = {"user": Role.WRITER, "database": "audit"}
    assert httpx2.get(url, params=who | {"query": "SELECT 1"}).text == "1\n"
    refused = httpx2.get(url, params=who | {"query": "INSERT INTO entries VALUES ('g', 1, '')"})
    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"
    assert httpx2.get(url).text == "Ok.\n"


@pytest.mark.parametrize("user", ["default", "auditline_migrator", "auditline_erasure", "nobody"])
def test_other_users_are_nobody(server: Front, user: str) -> None:
    answer = server.post("SELECT 1", user=user)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_a_body_cut_off_writes_nothing(server: Front, client: Client) -> None:
    rows = client.raw_query("SELECT 'cut' o, number n, 'x' s FROM numbers(100000)", fmt="Native")
    for part in (rows[: len(rows) // 2], lz4.frame.compress(rows)[:-8]):
        with pytest.raises(DatabaseError):
            client.raw_insert(
                "entries",
                ["org_id", "n", "s"],
                part,
                fmt="Native",
                compression=None if part == rows[: len(part)] else "lz4",
            )
    with pytest.raises(httpx2.TransportError):
        httpx2.post(
            f"http://127.0.0.1:{server.port}/",
            params={"query": "INSERT INTO audit.entries FORMAT CSV", "user": Role.WRITER},
            content=_breaks_off(),
        )
    assert client.command("SELECT count() FROM entries WHERE org_id = 'cut'") == 0


def _breaks_off() -> Iterator[bytes]:
    yield b"cut,1,x\n" * 300_000
    raise httpx2.TransportError("the client dies here")


def test_one_insert_is_one_part(client: Client) -> None:
    data = client.raw_query("SELECT number n, repeat('x', 50) s FROM numbers(500000)", fmt="Native")
    client.raw_insert("bulk", ["n", "s"], data, fmt="Native")
    assert client.query("SELECT count(), uniqExact(_part) FROM bulk").result_rows == [(500_000, 1)]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"max_partitions_per_insert_block": "1"}, "252"),
        ({"min_free_disk_bytes_to_perform_insert": "1000000000000000"}, "243"),
    ],
)
def test_an_insert_that_the_table_refuses_is_an_error(
    server: Front, settings: dict[str, str], code: str
) -> None:
    """Not every way into the engine says so: one of them answers with rows_written = 2."""
    answer = server.post("INSERT INTO audit.parts FORMAT CSV\n1\n2\n", **settings)
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    refused = server.post("INSERT INTO audit.parts FORMAT CSV\n3\n-1\n")
    assert refused.headers["X-ClickHouse-Exception-Code"] == "469"
    assert server.post("SELECT count() FROM audit.parts").text == "0\n"


def test_a_deduplication_token_writes_once(client: Client) -> None:
    for _ in range(3):
        client.insert(
            "entries",
            [["token", 1, "x"], ["token", 2, "x"]],
            settings={"insert_deduplication_token": "p0:1-2"},
        )
    assert client.command("SELECT count() FROM entries WHERE org_id = 'token'") == 2


def test_async_insert_stays_off(server: Front) -> None:
    assert server.post("SELECT getSetting('async_insert')").text == "false\n"
    forced = server.post("SELECT 1", async_insert="1")
    assert forced.headers["X-ClickHouse-Exception-Code"] == "452"


def _work(port: int, worker: int) -> int:
    with clickhouse_connect.get_client(dsn=dsn(Role.WRITER, port)) as client:
        for i in range(10):
            client.insert("entries", [[f"w{worker}", i, "x" * i]])
            assert client.query("SELECT {i:UInt8}", parameters={"i": i}).result_rows == [(i,)]
        found = client.command(f"SELECT count() FROM entries WHERE org_id = 'w{worker}'")
        assert isinstance(found, int)
        return found


def test_threads_and_processes_at_once(server: Front) -> None:
    with ThreadPoolExecutor(6) as threads, ProcessPoolExecutor(2) as processes:
        found = [threads.submit(_work, server.port, i) for i in range(6)]
        found += [processes.submit(_work, server.port, 100 + i) for i in range(2)]
        assert [f.result() for f in found] == [10] * 8
