# SPDX-License-Identifier: Apache-2.0
"""Many stories, some at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from testbed.paths import Layout
from tests.cluster.kubectl import Kubectl
from tests.faults import story
from tests.faults.options import AT_ONCE, Options
from tests.faults.play import Played
from tests.faults.play import play as play_one
from tests.faults.proxy import Proxy


def play(options: Options, layout: Layout) -> Iterator[Played]:
    """Each as soon as it is over."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seeds = range(options.seed, options.seed + options.runs)
        running = [pool.submit(_one(layout, seed, options.quick)) for seed in seeds]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            for one in running:
                one.cancel()


def _one(layout: Layout, seed: int, quick: bool) -> Callable[[], Played]:
    def played() -> Played:
        with tempfile.TemporaryDirectory() as folder, Proxy(layout.kubeconfig, Path(folder)) as proxy:
            return play_one(Kubectl(layout), Path(folder), proxy, story.draw(seed, quick))

    return played
