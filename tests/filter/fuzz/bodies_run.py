# SPDX-License-Identifier: Apache-2.0
"""Bodies and nothing else, many of them: no listed value leaves, and what leaves is what filter/README.md says."""

import base64
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from random import Random

from tests.filter.fuzz.bodies import SECRET, Maker, some_body
from tests.filter.fuzz.redacting import Fields, redacted
from tests.filter.fuzz.run import FAILURES_MAX, PROCESSES, REPORT_SECONDS
from tests.filter.fuzz.tally import Tally
from tests.filter.host.proxy import Exchange, Proxy

PER_MACHINE = 2000
GIVEN = [[], ["iban", "card.number", "-pin", "-ok.token"], ["*"], ["-*", "number"]]
HIDDEN = [
    [b"password", b"access_token", b"clientSecret", b"pin", b"sessionId", b"Card_Number"],
    [b"password", b"token", b"iban"],
    [b"a", b"pin", b"x_y"],
    [b"number"],
]
PATHS = [(), ((b"card", b"number", True), (b"ok", b"token", False)), (), ()]
MEDIA = {
    "json": b"application/json",
    "form": b"application/x-www-form-urlencoded",
    "text": b"text/plain",
    "unknown": b"",
}


def _one(random: Random, choice: int) -> tuple[str, bytes, bool]:
    """Its kind, itself, and whether all that is marked in it has to be hidden."""
    kind, hidden = random.choice([*MEDIA, "json", "form"]), HIDDEN[choice]
    if kind in ("json", "form") and random.random() < 0.6:
        maker = Maker(random, hidden, paths=PATHS[choice])
        body = maker.json() if kind == "json" else maker.form()
        return kind, body[: random.randrange(len(body) + 1)] if random.random() < 0.2 else body, True
    return kind, some_body(random, hidden), False


def _chunks(random: Random, body: bytes) -> list[bytes]:
    """A machine's own pieces, its blocks, are 1,020 bytes; the host's may be any."""
    if random.random() < 0.5 or not body:
        return [body] if body else []
    at = random.randrange(len(body))
    return [one for one in (body[:at], body[at:]) if one]


def play(wasm: Path, seed: int, number: int) -> Tally:
    random = Random(f"bodies {seed}.{number}")
    choice = random.randrange(len(GIVEN))
    fields = Fields([name.encode() for name in GIVEN[choice]])
    proxy, tally = Proxy(wasm, {"redact_body_fields": GIVEN[choice]}), Tally(machines=1)
    while tally.bodies < PER_MACHINE and not tally.failures:
        made = [_one(random, choice) for _ in range(2)]
        padding = b"x" * random.randrange(1100)
        pairs = [[(b"content-type", MEDIA[kind]), (b"x-pad", padding)] for kind, _, _ in made]
        exchange = Exchange([(b":path", b"/"), *pairs[0]], response=[(b":status", b"200"), *pairs[1]])
        exchange.request_body, exchange.response_body = (_chunks(random, body) for _, body, _ in made)
        proxy.run(exchange)
        call = proxy.machine.calls.pop()
        proxy.answer(call)
        document = json.loads(call.body)
        for side, (kind, body, is_marked) in zip(("scnt_request", "scnt_response"), made, strict=True):
            shown, cut = base64.b64decode(document[side]["body"]), document[side]["truncated_body"]
            wanted, whole = redacted(kind, body, fields)
            tally.bodies += 1
            if (shown, cut) != (wanted, not whole) or (is_marked and SECRET in shown):
                tally.failures.append(
                    f"a body of kind {kind} with {GIVEN[choice]}: {body!r} leaves {shown!r} and not {wanted!r}"
                )
    return tally


def run(count: int, seed: int, wasm: Path, report: Callable[[str], None]) -> Tally:
    """Until there were as many bodies as wanted, or some failures."""
    total, number, begin = Tally(), 0, time.monotonic()
    reported = begin
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: set[Future[Tally]] = set()
        while total.bodies < count and len(total.failures) < FAILURES_MAX:
            while len(running) < 2 * PROCESSES:
                running.add(pool.submit(play, wasm, seed, number))
                number += 1
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for one in finished:
                total.add(one.result())
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                report(f"{total.bodies:,} bodies, {total.bodies / (reported - begin):,.0f}/s")
        for one in wait(running).done:
            total.add(one.result())
    return total
