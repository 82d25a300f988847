"""The configuration as TOML text: the reference of every key, and what is in effect."""

import json
import types
from collections.abc import Iterator
from importlib.resources import files
from typing import Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

_HEAD = """\
# Auditline: every key, its meaning and its default. Made from the settings by `make docs`.
#
# A file needs only the keys that differ. Each can also be set in the environment, which wins:
# kafka.sasl.password is AUDITLINE_KAFKA__SASL__PASSWORD; keep secrets there.

"""


def default_text() -> str:
    """The packaged reference."""
    return files(__package__).joinpath("config.default.toml").read_text("utf-8")


def reference(model: type[BaseModel]) -> str:
    """The commented reference of *model*: every key with its default; one without as a comment."""
    return _HEAD + "\n".join(_reference(model, "", False)) + "\n"


def lines(settings: BaseModel, section: str = "") -> Iterator[str]:
    """*settings* as TOML, a key that is not set as a comment; secrets never in clear."""
    tables = []
    for name in type(settings).model_fields:
        value: object = getattr(settings, name)
        if isinstance(value, BaseModel):
            tables.append((name, value))
        else:
            yield f"# {name} =" if value is None else f"{name} = {_literal(value)}"
    for name, table in tables:
        path = f"{section}.{name}" if section else name
        yield ""
        yield f"[{path}]"
        yield from lines(table, path)


def _reference(model: type[BaseModel], section: str, optional: bool) -> Iterator[str]:
    """A section that need not be there, and all in it, is a comment."""
    tables = []
    for name, info in model.model_fields.items():
        if inner := _section(info):
            tables.append((name, inner, info))
        else:
            yield f"# {info.description}"
            yield _default(name, info, optional)
    for name, inner, info in tables:
        path = f"{section}.{name}" if section else name
        absent = optional or info.get_default(call_default_factory=True) is None
        yield ""
        yield f"# {info.description}"
        yield f"# [{path}]" if absent else f"[{path}]"
        yield from _reference(inner, path, absent)


def _default(name: str, info: FieldInfo, optional: bool) -> str:
    value: object = None if info.is_required() else info.get_default(call_default_factory=True)
    if value is None:
        return f"# {name} ="
    shown = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"{'# ' if optional else ''}{name} = {_literal(shown)}"


def _section(info: FieldInfo) -> type[BaseModel] | None:
    annotation = info.annotation
    union = get_origin(annotation) in (Union, types.UnionType)
    for part in get_args(annotation) if union else (annotation,):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _literal(value: object) -> str:
    if isinstance(value, SecretStr):
        return json.dumps(str(value))
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return json.dumps(str(value), ensure_ascii=False)
