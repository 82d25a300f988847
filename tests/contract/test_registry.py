"""The schema registry client, against a server that answers as the Confluent API documents."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from samples import event

from auditline.chain.registry import schema_by_id
from auditline.event import Codec, InvalidEvent, encode
from auditline.event.schema import committed
from auditline.kafka.errors import Unavailable


class _Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == "/schemas/ids/7"
        if self.path == "/schemas/ids/500":
            self.send_response(500)
            self.end_headers()
            return
        body = {"schema": json.dumps(committed()[1])} if known else {"error_code": 40403}
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the console."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _framed(schema_id: int) -> bytes:
    return b"\x00" + schema_id.to_bytes(4) + encode(event())[10:]


def test_a_known_id_decodes(url: str) -> None:
    assert Codec(registry=schema_by_id(url)).decode(_framed(7)).org_id == "org_acme"


def test_an_unknown_id_is_the_records_fault(url: str) -> None:
    with pytest.raises(InvalidEvent, match="not in the registry"):
        Codec(registry=schema_by_id(url)).decode(_framed(8))


@pytest.mark.parametrize("schema_id", [500, 7], ids=["error", "refused"])
def test_a_registry_that_cannot_answer_is_waited_for(url: str, schema_id: int) -> None:
    target = url if schema_id == 500 else "http://127.0.0.1:1"
    with pytest.raises(Unavailable):
        Codec(registry=schema_by_id(target)).decode(_framed(schema_id))
