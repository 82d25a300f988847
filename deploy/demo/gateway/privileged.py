"""What every privileged route does: admit, apply, record, and only then commit and answer.

admitted? --no--> record denied --> 401/403
   | yes
apply in a transaction --fails--> roll back, record failure --> 4xx/5xx
   | works
record success --not acknowledged--> roll back --> 503
   | acknowledged
commit --> 2xx
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from auditline.event import AuditEvent

from .actions import Action
from .audit import Attempt, Received, actor_of, request_of, source_of
from .call import Call, Done
from .caller import PLATFORM_ORG, admit, identify
from .credentials import token_hash
from .errors import NotRecorded, Refused
from .recorder import Recorder
from .settings import Settings
from .state import State

_log = structlog.get_logger(__name__)

Apply = Callable[[sqlite3.Connection, Call], Done]
Prepare = Callable[[sqlite3.Connection, Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """*apply* does it, in a transaction. *prepare* asks others first, and changes nothing."""

    action: Action
    apply: Apply
    prepare: Prepare | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets."""

    status: int
    body: object
    request_id: str
    media_type: str = "application/json"


class Privileged:
    """Runs operations against the state and the audit log."""

    def __init__(self, settings: Settings, state: State, recorder: Recorder) -> None:
        self._settings = settings
        self._state = state
        self._recorder = recorder
        self._master = token_hash(settings.master_key)

    async def run(
        self, operation: Operation, received: Received, authorization: str | None, call: Call
    ) -> Answer:
        """Carries out one request. Every way out of here has been recorded, or answers 503."""
        attempt = self._attempt(operation.action, received, call)
        try:
            return await self._carry_out(operation, attempt, authorization, call)
        except _Ended as ended:
            return await self._answer_refused(ended)
        except NotRecorded as lost:
            return _unavailable(attempt, lost)

    async def _carry_out(
        self, operation: Operation, attempt: Attempt, authorization: str | None, call: Call
    ) -> Answer:
        if operation.prepare is not None:
            # Outside the transaction, which must not stay open while a provider thinks.
            attempt, call = self._admit(self._state.reader, attempt, authorization, call)
            with _ending(attempt):
                await operation.prepare(self._state.reader, call)
        try:
            async with self._state.transaction() as db:
                attempt, call = self._admit(db, attempt, authorization, call)
                with _ending(attempt):
                    done = await asyncio.to_thread(operation.apply, db, call)
                event = attempt.succeeded(done, self._settings.fingerprint_key)
                if operation.action.changes:
                    await self._record_change(attempt, event)
                # A crash here, before the commit: the log names a change that was not made, and
                # the client has no answer. The other order could make a change no log names.
        except (_Ended, NotRecorded):
            raise
        # The outermost boundary of an action: a full disk, or a mistake of ours, must not make it
        # an attempt that no log names. It is rolled back by now.
        except Exception as error:
            _log.exception("action failed", request_id=attempt.request.id)
            raise _Ended(attempt, Refused(500, "internal error; nothing was changed")) from error
        if not operation.action.changes:
            await self._recorder.record(event)
        return Answer(done.status, done.answer, attempt.request.id or "", done.media_type)

    def _admit(
        self, db: sqlite3.Connection, attempt: Attempt, authorization: str | None, call: Call
    ) -> tuple[Attempt, Call]:
        caller = identify(db, authorization, now=call.now, master=self._master)
        known = replace(attempt, actor=actor_of(caller.actor if caller else None))
        with _ending(known):
            admit(caller, attempt.action, call.org_id)
            if attempt.org_id == PLATFORM_ORG and attempt.action.name != "organization.create":
                raise Refused(404, f"no organization {call.org_id[:64]}")
        # A new organization's first event opens its own log.
        return replace(known, org_id=call.org_id), replace(call, caller=caller)

    async def _record_change(self, attempt: Attempt, event: AuditEvent) -> None:
        try:
            await self._recorder.record(event)
        except NotRecorded as lost:
            # The event may still arrive; this one follows it and says that nothing came of it.
            reason = f"rolled back: {lost}"
            self._recorder.record_later(attempt.refused(Refused(503, reason)))
            raise

    async def _answer_refused(self, ended: "_Ended") -> Answer:
        attempt, refused = ended.attempt, ended.refused
        try:
            await self._recorder.record(attempt.refused(refused))
        except NotRecorded as lost:
            return _unavailable(attempt, lost)
        return Answer(refused.status, {"error": refused.reason}, attempt.request.id or "")

    def _attempt(self, action: Action, received: Received, call: Call) -> Attempt:
        # Only organizations that exist have a log: no caller can open one by asking for it.
        query = "SELECT 1 FROM organizations WHERE id = ?"
        exists = self._state.reader.execute(query, (call.org_id,)).fetchone() is not None
        return Attempt(
            action,
            call.org_id if exists else PLATFORM_ORG,
            call.target if exists else call.org_id,
            actor_of(None),
            source_of(received, self._settings.trusted_proxies),
            request_of(received, self._settings.trusted_proxies),
            call.now,
        )


class _Ended(Exception):
    """A refusal, with what was known of the attempt by then."""

    def __init__(self, attempt: Attempt, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.attempt = attempt
        self.refused = refused


@contextmanager
def _ending(attempt: Attempt) -> Iterator[None]:
    """Ties a refusal in the block to *attempt*."""
    try:
        yield
    except Refused as refused:
        raise _Ended(attempt, refused) from refused


def _unavailable(attempt: Attempt, lost: NotRecorded) -> Answer:
    _log.error("not recorded", reason=str(lost), request_id=attempt.request.id)
    error = {"error": "the audit log is not available; nothing was changed, try again"}
    return Answer(503, error, attempt.request.id or "")


def now_micros() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000
