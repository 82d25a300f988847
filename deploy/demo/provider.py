"""`python -m demo.provider`: a model provider on 127.0.0.1, as the gateway sees one over HTTP.

It takes keys that begin with `sk-live-`, refuses others with 401, and answers conversations by
counting their words. It stands in for a service that costs money, not for any part of Auditline.
"""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_MODELS = ("large-1", "small-1")


def build() -> Starlette:
    """The provider as an ASGI application."""
    return Starlette(
        routes=[
            Route("/models", _models),
            Route("/chat/completions", _complete, methods=["POST"]),
        ]
    )


def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="demo.provider", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(build(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")


def _known(request: Request) -> bool:
    return request.headers.get("authorization", "").startswith("Bearer sk-live-")


async def _models(request: Request) -> Response:
    if not _known(request):
        return JSONResponse({"error": "invalid key"}, 401)
    return JSONResponse({"data": [{"id": name} for name in _MODELS]})


async def _complete(request: Request) -> Response:
    if not _known(request):
        return JSONResponse({"error": "invalid key"}, 401)
    body = await request.json()
    words = sum(len(message["content"].split()) for message in body["messages"])
    return JSONResponse(
        {
            "model": body["model"],
            "choices": [{"message": {"role": "assistant", "content": f"{words} words"}}],
            "usage": {"total_tokens": words + 2},
        }
    )


if __name__ == "__main__":
    main()
