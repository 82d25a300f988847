"""The keys of a settings model, by name, and the nearest to one that does not exist."""

import difflib
import types
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Union, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import BaseModel


def keys(model: "type[BaseModel]", prefix: str = "") -> Iterator[str]:
    """Every key of *model* with its sections: ``kafka``, ``kafka.tls``, ``kafka.tls.ca``, …"""
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in _models(field.annotation):
            yield from keys(inner, f"{prefix}{name}.")


def variable(key: str) -> str:
    """The environment variable of a key, without the prefix: ``KAFKA__TLS__CA``."""
    return key.replace(".", "__").upper()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *name* was probably meant to be."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _models(annotation: object) -> "Iterator[type[BaseModel]]":
    from pydantic import BaseModel  # here: `auditline --help` does without it

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _models(part)
