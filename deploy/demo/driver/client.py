"""One person, or one program, at the gateway's HTTP interface."""

from dataclasses import dataclass, field
from typing import TypeAlias

import httpx2
import msgspec

from .journal import Journal, Line, Outcome, outcome_of

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class Numbers:
    """Request ids in order, of one worker."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._last = 0

    def next(self) -> str:
        """The next id, such as `req_7_acme_0012`."""
        self._last += 1
        return f"{self._prefix}_{self._last:04d}"


@dataclass(slots=True)
class Identity:
    """Who calls: where from, with what, by which token."""

    ip: str
    user_agent: str
    email: str | None = None
    password: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)
    totp: str | None = field(default=None, repr=False)
    member: str = ""
    spoofs: bool = False

    def headers(self, request_id: str) -> dict[str, str]:
        """The request's headers as they leave the proxy in front of the gateway.

        A proxy appends the address it saw; a client that *spoofs* has sent one of its own before.
        """
        headers = {
            "x-forwarded-for": f"10.0.0.1, {self.ip}" if self.spoofs else self.ip,
            "x-request-id": request_id,
            "user-agent": self.user_agent,
        }
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        return headers


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer; *body* is what JSON the gateway sent."""

    status: int
    body: dict[str, str]


class Client:
    """Makes requests and writes each privileged one into the journal."""

    def __init__(self, http: httpx2.AsyncClient, journal: Journal, numbers: Numbers) -> None:
        self._http = http
        self._journal = journal
        self._numbers = numbers
        self.made = 0

    async def act(
        self,
        who: Identity,
        action: str,
        method: str,
        org: str,
        path: str = "",
        *,
        body: Json = None,
        expect: Outcome = "success",
        log: str | None = None,
    ) -> Answered:
        """One privileged request. *log* is the org whose log gets it, where it is not *org*'s."""
        request_id = self._numbers.next()
        response = await self._http.request(
            method,
            f"/v1/orgs/{org}{path}",
            content=b"" if body is None else msgspec.json.encode(body),
            headers=who.headers(request_id),
        )
        self.made += 1
        outcome = outcome_of(response.status_code)
        self._journal.add(
            Line(
                request_id,
                log or org,
                action,
                response.status_code,
                outcome,
                expect,
                who.ip,
                who.email if who.token is not None else None,
            )
        )
        return Answered(response.status_code, _strings(response))

    async def ask_model(self, token: str, question: str) -> int:
        """One model call, which is traffic and not for the audit log; its status."""
        body = {"messages": [{"role": "user", "content": question}]}
        headers = {"authorization": f"Bearer {token}"}
        response = await self._http.post("/v1/chat/completions", json=body, headers=headers)
        return response.status_code


def _strings(response: httpx2.Response) -> dict[str, str]:
    """The answer's text fields: ids, tokens, reasons."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return {}
    found = msgspec.json.decode(response.content)
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
