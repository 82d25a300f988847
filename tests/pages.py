"""The documentation's pages, taken apart for the tests that hold them true."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
_SHELL = re.compile(r"\s(?:#|&|\||<|>|2>).*$")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path within the repository."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text("utf-8")

    @cached_property
    def _tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks in *language*, in order."""
        fences = [token for token in self._tokens if token.type == "fence"]
        return [fence.content for fence in fences if fence.info.split()[:1] == [language]]

    def code(self) -> Iterator[str]:
        """Every inline code."""
        for token in self._inline():
            if token.type == "code_inline":
                yield token.content

    def links(self) -> Iterator[str]:
        """Every link's target."""
        for token in self._inline():
            if token.type == "link_open":
                yield str(token.attrs["href"])

    def anchors(self) -> set[str]:
        """The names under which its headings can be linked to."""
        titles = (b for a, b in zip(self._tokens, self._tokens[1:], strict=False) if _opens(a))
        return {re.sub(r"[^\w\- ]", "", t.content.lower()).replace(" ", "-") for t in titles}

    def commands(self) -> Iterator[list[str]]:
        """The arguments of every ``auditline`` line in its shell blocks."""
        for block in self.blocks("sh"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("auditline "):
                    yield shlex.split(_SHELL.sub("", line))[1:]

    def between(self, name: str) -> str:
        """What stands between the comments ``name:begin`` and ``name:end``."""
        _, _, rest = self.text.partition(f"<!-- {name}:begin -->\n")
        inside, found, _ = rest.partition(f"<!-- {name}:end -->")
        assert found, f"{self.name} has no part {name}"
        return inside

    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from token.children or ()


def _opens(token: Token) -> bool:
    return token.type == "heading_open"


README = Page(ROOT / "README.md")


def pages() -> list[Page]:
    """README, CHANGELOG and all of docs/."""
    paths = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [Page(path) for path in paths]


def page(name: str) -> Page:
    """The page *name* of docs/."""
    return Page(ROOT / "docs" / name)
