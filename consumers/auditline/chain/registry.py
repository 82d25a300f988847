"""Asking a Confluent-compatible schema registry for a schema by its id."""

import json
from collections.abc import Callable
from typing import Any

import httpx2

from auditline.event import InvalidEvent
from auditline.kafka.errors import Unavailable

_NOT_FOUND = 404


def schema_by_id(url: str, timeout: float = 5.0) -> Callable[[int], Any]:
    """A look-up in the registry at *url*, for `auditline.event.Codec`.

    It raises `InvalidEvent` for an id that the registry does not know, so that the record is
    dead-lettered, and `Unavailable` when the registry cannot be asked: then the chain waits.
    """
    client = httpx2.Client(base_url=url, timeout=timeout)

    def look_up(schema_id: int) -> Any:
        try:
            response = client.get(f"/schemas/ids/{schema_id}")
            if response.status_code == _NOT_FOUND:
                raise InvalidEvent(f"schema id {schema_id} is not in the registry")
            response.raise_for_status()
            return json.loads(response.json()["schema"])
        except (httpx2.HTTPError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise Unavailable(f"schema registry, id {schema_id}: {error!r}") from error

    return look_up
