"""Times as people write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from auditline.cli.times import from_micros, parse_time, shown

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-06-30", datetime(2026, 6, 30, tzinfo=UTC)),
        ("2026-06-30T10:20:30Z", datetime(2026, 6, 30, 10, 20, 30, tzinfo=UTC)),
        ("2026-06-30 10:20", datetime(2026, 6, 30, 10, 20, tzinfo=UTC)),
        (
            "2026-06-30T10:20:30.123456+02:00",
            datetime(2026, 6, 30, 10, 20, 30, 123456, timezone(timedelta(hours=2))),
        ),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2 h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        (" 1w ", NOW - timedelta(weeks=1)),
    ],
)
def test_what_is_a_time(text: str, time: datetime) -> None:
    assert parse_time(text, NOW) == time
    assert parse_time(text, NOW).tzinfo is not None


@pytest.mark.parametrize("text", ["", "yesterday", "2h ago", "-2h", "2026-13-01", "1764028800"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write 2026-07-01"):
        parse_time(text, NOW)


def test_micros_are_exact() -> None:
    last = 4_102_444_799_999_999
    assert from_micros(last) == datetime(2099, 12, 31, 23, 59, 59, 999_999, UTC)
    assert shown(1_764_028_800_123_456) == "2025-11-25 00:00:00.123"
