# SPDX-License-Identifier: Apache-2.0
"""What a proxy before an API server may do to requests."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

# Of the answers that a client may take for "not now", those that an API server, or a balancer before it, gives.
TURNED_AWAY = (429, 502, 503, 504)


@dataclass(frozen=True)
class Request:
    """One, as the proxy got it."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes = b""

    @property
    def watches(self) -> bool:
        return self.query.get("watch") in ("true", "1")

    @property
    def writes(self) -> bool:
        """Whether it is to change anything: a dry run is not. A DELETE has its options in its body."""
        dry = "dryRun" in self.query or (self.method == "DELETE" and b'"dryRun"' in self.body)
        return self.method in ("POST", "PUT", "PATCH", "DELETE") and not dry

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Refusal:
    """An answer of the proxy itself. `retry_after`: seconds; 0 for none."""

    status: int
    retry_after: int = 0


@dataclass(frozen=True)
class Cut:
    """When a watch is cut off, in the middle of a line if there is one: after `events`, or after `seconds`."""

    events: int
    seconds: float


class Trouble:
    """None at all. Used by many threads."""

    def refuses(self, request: Request) -> Refusal | None:
        """Not passed on."""

    def loses(self, request: Request) -> bool:
        """Passed on, but its answer is not."""
        return False

    def cuts(self, request: Request) -> Cut | None:
        """Of a watch."""

    def answered(self, request: Request, status: int) -> None:
        """The API server has answered; the client does not know yet."""


class Bursts(Trouble):
    """For `seconds` a share of all requests is turned away, then none for as long, and so on; from the first one on."""

    def __init__(self, seed: int, share: float = 0.6, seconds: float = 2.0) -> None:
        self._random, self._share, self._seconds = random.Random(seed), share, seconds
        self._begin = 0.0
        self._lock = threading.Lock()
        self.met: dict[int, int] = dict.fromkeys(TURNED_AWAY, 0)

    def refuses(self, request: Request) -> Refusal | None:
        with self._lock:
            now = time.monotonic()
            self._begin = self._begin or now
            calm = int((now - self._begin) / self._seconds) % 2
            if calm or self._random.random() >= self._share:
                return None
            status = self._random.choice(TURNED_AWAY)
            self.met[status] += 1
            return Refusal(status, retry_after=1 if status == 429 else 0)


class LostAnswers(Trouble):
    """Each write's first answer is lost, and a share of what is read. Not a watch: its answer has no end."""

    def __init__(self, seed: int, share: float = 0.1) -> None:
        self._random, self._share = random.Random(seed), share
        self._lock = threading.Lock()
        self.lost: set[str] = set()

    def loses(self, request: Request) -> bool:
        if request.watches:
            return False
        with self._lock:
            if not request.writes:
                return self._random.random() < self._share
            first = str(request) not in self.lost
            self.lost.add(str(request))
            return first


class CutWatches(Trouble):
    """Every watch ends early, again and again."""

    def __init__(self, events: int = 3, seconds: float = 2.0) -> None:
        self._cut = Cut(events, seconds)
        self.count = 0

    def cuts(self, request: Request) -> Cut | None:
        self.count += 1
        return self._cut


class Moment(Enum):
    """When, about a write, something happens."""

    BEFORE = "before the API server gets"
    UNANSWERED = "before the client learns of"
    # The client goes on, and is met wherever it is by then.
    AFTER = "after"


class AtWrite(Trouble):
    """`act` is called once, about the n-th write: in the thread that serves it, which waits for it to be over."""

    def __init__(self, number: int, moment: Moment, act: Callable[[], object]) -> None:
        self._number, self._moment, self._act = number, moment, act
        self._seen = 0
        self._which: Request | None = None
        self._lock = threading.Lock()

    @property
    def fired(self) -> bool:
        return self._which is not None

    def refuses(self, request: Request) -> Refusal | None:
        with self._lock:
            self._seen += request.writes
            mine = request.writes and self._seen == self._number
            if mine:
                self._which = request
        if mine and self._moment == Moment.BEFORE:
            self._act()
            # Who asked is gone, or is to be: this must not be done any more.
            return Refusal(503)
        return None

    def answered(self, request: Request, status: int) -> None:
        if request is not self._which:
            return
        if self._moment == Moment.UNANSWERED:
            self._act()
        elif self._moment == Moment.AFTER:
            threading.Thread(target=self._act, daemon=True).start()
