"""Where a statement ends and its data begins, in bytes."""

import pytest

from auditline.local.clickhouse.sql import Insert, Query, read


@pytest.mark.parametrize(
    ("text", "table", "format", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x00\xff", b"INSERT INTO t ", "Native", b"\x00\xff"),
        (b"insert into a.t (x, y) format CSV 1,2", b"insert into a.t (x, y) ", "CSV", b"1,2"),
        (b"INSERT INTO t FORMAT CSV \t\r\n\n1", b"INSERT INTO t ", "CSV", b"\n1"),
        (b"INSERT INTO t VALUES (1),(2)", b"INSERT INTO t ", "Values", b" (1),(2)"),
        (b"INSERT INTO `format` FORMAT TSV\nFORMAT", b"INSERT INTO `format` ", "TSV", b"FORMAT"),
        (b"INSERT INTO format FORMAT TSV\n1", b"INSERT INTO format ", "TSV", b"1"),
        (
            b"INSERT INTO t (format, values) FORMAT TSV\n",
            b"INSERT INTO t (format, values) ",
            "TSV",
            b"",
        ),
        (
            b"-- FORMAT x\nINSERT /* VALUES */ INTO t SETTINGS a='FORMAT b' FORMAT TSV\nq",
            b"-- FORMAT x\nINSERT /* VALUES */ INTO t ",
            "TSV",
            b"q",
        ),
        (
            b"INSERT INTO {t:Identifier} FORMAT RowBinary\n'",
            b"INSERT INTO {t:Identifier} ",
            "RowBinary",
            b"'",
        ),
    ],
)
def test_an_insert_is_cut_where_its_data_begins(
    text: bytes, table: bytes, format: str, data: bytes
) -> None:
    found = read(text, complete=True)
    assert isinstance(found, Insert)
    assert (found.table, found.format, text[found.data_at :]) == (table, format, data)


def test_the_same_insert_from_a_file() -> None:
    found = read(b"INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV\n1", complete=True)
    assert isinstance(found, Insert)
    assert found.from_file("/it's") == (
        b"INSERT INTO t (a)  FROM INFILE '/it\\'s' COMPRESSION 'none' SETTINGS x = 1  FORMAT CSV"
    )


def test_every_prefix_is_either_undecided_or_decided_alike() -> None:
    """The head may arrive in any pieces: no cut of it may change what is read."""
    text = (
        b"INSERT INTO a.`t (` (x, `y`) SETTINGS s='it''s FORMAT Z' /* FORMAT Q */ FORMAT Native\n"
        + bytes(40)
    )
    whole = read(text, complete=True)
    seen = {read(text[:end], complete=False) for end in range(len(text))}
    assert seen == {None, whole}


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t SELECT 1 FORMAT TSV",
        b"INSERT INTO t (a) SELECT * FROM u",
        b"INSERT INTO t WITH 1 AS x SELECT x",
        b"INSERT INTO t (SELECT 1)",
        b"INSERT INTO t",
    ],
)
def test_an_insert_without_data_is_a_query(text: bytes) -> None:
    assert isinstance(read(text, complete=True), Query)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 FORMAT JSON;", "JSON"),
        (b"SELECT 1\nformat Native SETTINGS max_threads=1", "Native"),
        (b"SELECT 'FORMAT JSON'", None),
        (b"SELECT format FROM t", None),
        (b"SELECT (SELECT 1 FORMAT JSON)", None),
        (b"SELECT 1 -- FORMAT JSON", None),
    ],
)
def test_the_format_a_query_names(text: bytes, format: str | None) -> None:
    found = read(text, complete=True)
    assert isinstance(found, Query)
    assert found.format == format


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        (b"SELECT 1", 1),
        (b"SELECT 1;", 1),
        (b"SELECT 1; ;\n", 1),
        (b"SELECT 1; SELECT 2", 2),
        (b"SELECT ';' ; -- ; SELECT\n", 1),
        (b"SELECT 1 ;/* */ DROP TABLE t", 2),
    ],
)
def test_statements_are_counted(text: bytes, statements: int) -> None:
    found = read(text, complete=True)
    assert isinstance(found, Query)
    assert found.statements == statements


def test_files_of_the_server_are_noticed() -> None:
    outfile = read(b"SELECT 1 INTO/**/OUTFILE 'x' FORMAT TSV", complete=True)
    infile = read(b"INSERT INTO t FROM INFILE 'x' FORMAT TSV", complete=True)
    assert isinstance(outfile, Query)
    assert outfile.outfile
    assert isinstance(infile, Query)
    assert infile.infile


@pytest.mark.parametrize(
    ("text", "rows", "streams"),
    [
        (b"SELECT 1", True, True),
        (b" (SELECT 1) UNION ALL SELECT 2", True, True),
        (b"WITH 1 AS x SELECT x", True, True),
        (b"SELECT a, count() FROM t GROUP BY a WITH TOTALS", True, False),
        (b"SELECT 1 SETTINGS extremes = 1", True, False),
        (b"SHOW TABLES", True, False),
        (b"CREATE TABLE t (a Int8) ENGINE = Memory", False, False),
        (b"ALTER TABLE t DELETE WHERE 1", False, False),
        (b"SET a = 1", False, False),
    ],
)
def test_which_statements_answer_with_rows(text: bytes, rows: bool, streams: bool) -> None:
    found = read(text, complete=True)
    assert isinstance(found, Query)
    assert (found.returns_rows, found.streams) == (rows, streams)
