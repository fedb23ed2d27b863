# SPDX-License-Identifier: Apache-2.0
"""Requests under way: who asked, and which of them are sent again. Pure.

Every request of ours may be sent twice: applies and merge patches carry a resourceVersion, objects have fixed
names. So what is not answered, or what the API server or a proxy before it turns away, is sent again. Not 500:
that is what a broken admission webhook gives, and it gives it for every workload of a fleet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..domain.errors import ApiError
from .commands import Command, Dispatch, Request, Send, SetTimer, Verb
from .events import Answered, Failed
from .lease import is_of_lock
from .messages import Refusal, Reply

READS = (Verb.GET, Verb.GET_TEXT, Verb.LIST)

NOT_ANSWERED = 0
# How long a request is sent again before it is given up.
REQUEST_SECONDS = 60.0
SENT_AGAIN = (NOT_ANSWERED, 429, 502, 503, 504)
# A 429 is an answer: it was not done.
MAYBE_DONE = (NOT_ANSWERED, 502, 503, 504)
FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 5.0

Handler = Callable[["Reply | Refusal", float], None]


@dataclass(frozen=True)
class Pending:
    """A request that is under way, or that waits to be sent again."""

    request: Request
    handler: Handler
    deadline: float
    attempts: int = 1
    error: ApiError | None = None
    # An earlier attempt was not answered by the API server itself.
    maybe_done: bool = False


class Requests:
    """Those of one run, by token.

    `writes`: how many that change the cluster are under way, by namespace; counted as they come and go, as this is
    asked for each namespace, and there may be thousands.
    """

    def __init__(self, tokens: Callable[[], int]) -> None:
        self.writes: Counter[str] = Counter()
        self._tokens = tokens
        self._under_way: dict[int, Pending] = {}
        self._waiting: dict[int, Pending] = {}

    def send(self, send: Send, handler: Handler) -> list[Command]:
        """:param handler: gets the one Reply or Refusal that comes of it."""
        return [self._dispatch(Pending(send.request, handler, send.deadline))]

    def answered(self, event: Answered | Failed, now: float, again: bool = True) -> list[Command]:
        """Hand an answer on; or wait, and send it again, if that may be."""
        pending = self._under_way.pop(event.token, None)
        if pending is None:
            return []
        self._count(pending.request, -1)
        resent = pending.maybe_done
        if isinstance(event, Answered):
            pending.handler(Reply(pending.request, event.answer, resent), now)
            return []
        pause = _pause(event.error, pending.attempts, event.token)
        if not again or event.error.status not in SENT_AGAIN or now + pause > pending.deadline:
            pending.handler(Refusal(pending.request, event.error, resent), now)
            return []
        token = self._tokens()
        maybe_done = pending.maybe_done or event.error.status in MAYBE_DONE
        self._waiting[token] = replace(pending, attempts=pending.attempts + 1, error=event.error, maybe_done=maybe_done)
        return [SetTimer(token, now + pause)]

    def fired(self, token: int, now: float, guard: Callable[[Request, float], bool]) -> list[Command]:
        """A timer of ours: send it again, if the guard lets it. Empty for a timer of somebody else."""
        pending = self._waiting.get(token)
        if pending is None:
            return []
        if guard(pending.request, now):
            del self._waiting[token]
            return [self._dispatch(pending)]
        self._refuse(token, now)
        return []

    def give_up(self, now: float, which: Callable[[Request], bool]) -> None:
        """Those that wait to be sent again are refused with what they last met."""
        for token in [token for token, pending in self._waiting.items() if which(pending.request)]:
            self._refuse(token, now)

    def _refuse(self, token: int, now: float) -> None:
        # Whoever was told of another one may have given this one up as well.
        pending = self._waiting.pop(token, None)
        if pending is not None and pending.error is not None:
            pending.handler(Refusal(pending.request, pending.error, pending.maybe_done), now)

    def _count(self, request: Request, more: int) -> None:
        if not changes(request):
            return
        namespace = namespace_of(request)
        self.writes[namespace] += more
        if not self.writes[namespace]:
            del self.writes[namespace]

    def _dispatch(self, pending: Pending) -> Dispatch:
        token = self._tokens()
        self._under_way[token] = pending
        self._count(pending.request, 1)
        return Dispatch(token, pending.request)


def changes(request: Request) -> bool:
    """Whether it changes what the run is about: a Lease only says who does."""
    return request.verb not in READS and not request.rehearsal and not is_of_lock(request)


def namespace_of(request: Request) -> str:
    """Which namespace it is about; empty: none, or all."""
    return request.path.partition("/namespaces/")[2].partition("/")[0]


def _pause(error: ApiError, attempts: int, token: int) -> float:
    """Seconds until it is sent again: what the server asks for, else twice as long each time.

    The token spreads them: what was turned away together is not to come back together.
    """
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1))
    return max(error.retry_after, pause * (1 + token % 16 / 32))
