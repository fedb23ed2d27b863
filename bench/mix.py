# SPDX-License-Identifier: Apache-2.0
"""What the soak sends: exchanges of all sizes, most of them small, and some that are not to be traced."""

import random
from collections.abc import Iterator
from itertools import repeat

from bench import traffic

# Bytes of a body, and how many of 10,000 exchanges have such a one. The largest is longer than the filter keeps.
SIZES = {0: 3000, 300: 5000, 4_000: 1700, 70_000: 290, 1_200_000: 10}
SKIPPED = "/skipped"
SKIPPED_SHARE = 0.02


def answers() -> dict[str, str]:
    """The application's answers, by the prefix of the path. The skipped ones are small."""
    return {SKIPPED: "", **{f"/{size}/": "a" * size for size in SIZES}}


class Mix:
    """The same exchanges in the same order in every run."""

    def __init__(self) -> None:
        self._random = random.Random(4)
        sizes, weights = list(SIZES), list(SIZES.values())
        self._pairs = [(sent, received) for sent in sizes for received in sizes]
        self._weights = [one * other for one in weights for other in weights]
        self._requests = {
            (sent, received): traffic.request_bytes(f"/{received}/orders", b"r" * sent)
            for sent, received in self._pairs
        }
        self._skipped = traffic.request_bytes(SKIPPED, b"")
        self.skipped = 0
        """How many of those given so far are not to be traced."""

    def largest(self, count: int) -> Iterator[bytes]:
        return repeat(self._requests[max(self._pairs)], count)

    def take(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            if self._random.random() < SKIPPED_SHARE:
                self.skipped += 1
                yield self._skipped
            else:
                (pair,) = self._random.choices(self._pairs, self._weights)
                yield self._requests[pair]
