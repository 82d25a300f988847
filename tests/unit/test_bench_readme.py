"""The README's figures are those that were measured."""

import pytest
from bench import readme
from bench.readme import BEGIN, END, rewritten, table
from bench.results import barred, compared, figure
from pages import README


def test_the_table_of_a_few_figures() -> None:
    rows = [
        compared("chain", 25_000.4, 40_000, "events/s", 0.5, note="one core,\nno | pipes"),
        barred("restart", 6.0, "s", "at most", 5),
        figure("memory", 120, "MB"),
    ]
    lines = table(rows).splitlines()
    assert lines[2] == (
        "| chain | 25,000 events/s | 40,000 events/s | 0.63 | ratio at least 0.5 | yes |"
    )
    assert lines[3] == "| restart | 6 s |  |  | at most 5 | **no** |"
    assert lines[4] == "| memory | 120 MB |  |  |  |  |"
    assert lines[6] == "- chain: one core, no \\| pipes"


def test_only_what_is_between_the_marks_changes() -> None:
    assert rewritten(f"a\n{BEGIN}old\n{END}\nz", "new\n") == f"a\n{BEGIN}new\n{END}\nz"
    with pytest.raises(ValueError, match="bench:end"):
        rewritten(f"a\n{BEGIN}old\n", "new\n")


def test_the_readme_shows_the_figures_on_record() -> None:
    if readme.RESULTS.exists():
        assert README.between("bench") == table(readme.read(readme.RESULTS))
    else:
        assert README.between("bench") == "Not measured yet.\n"
