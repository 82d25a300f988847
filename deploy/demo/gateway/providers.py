"""The model providers behind the gateway, over HTTP."""

from collections.abc import Mapping

import httpx2

from .errors import Refused

_TIMEOUT = 30.0
_ANSWERS_AT_ONCE = 5.0


class Providers:
    """Providers by name; the deployment says where each is, so that no caller can."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)
        # One client for all: making one reads every root certificate of the machine.
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False)

    async def check_key(self, provider: str, secret: str) -> None:
        """Lists the provider's models with *secret*.

        Raises Refused: 422 for an unknown provider or a key that it refuses, 502 when it does
        not answer, or not as it should.
        """
        request = self._http.build_request(
            "GET", self._url(provider, "models"), headers=_with(secret), timeout=_ANSWERS_AT_ONCE
        )
        status = (await self._send(provider, request)).status_code
        if status in (401, 403):
            raise Refused(422, f"{provider} refuses the key")
        if status != 200:
            raise Refused(502, f"{provider} answers {status}")

    async def complete(self, provider: str, secret: str, payload: object) -> httpx2.Response:
        """The provider's answer to a conversation. Raises Refused(502) when there is none."""
        url = self._url(provider, "chat/completions")
        request = self._http.build_request("POST", url, headers=_with(secret), json=payload)
        return await self._send(provider, request)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    def _url(self, provider: str, path: str) -> str:
        base = self._urls.get(provider)
        if base is None:
            raise Refused(422, f"no provider {provider}")
        return f"{base}/{path}"

    async def _send(self, provider: str, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._http.send(request)
        except httpx2.TransportError as error:
            raise Refused(502, f"{provider} does not answer: {type(error).__name__}") from error


def _with(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}
