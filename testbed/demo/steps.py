# SPDX-License-Identifier: Apache-2.0
"""The demo, step by step. Each shows something, and fails if what it shows is not so."""

from __future__ import annotations

import time

from .. import mesh
from ..paths import Layout
from . import playbook, proof, trace
from .arrivals import Arrivals
from .cluster import INJECTED, MANIFESTS, Cluster, Workload, manifest
from .errors import DemoError
from .place import Place, near
from .screen import Screen
from .waiting import until

STEPS = 6
READY_SECONDS = 180.0
SECRET = "very-secret"
"""What pay.yaml has in a query."""


class Demo:
    def __init__(self, screen: Screen, place: Place) -> None:
        self._screen, self._place = screen, place
        self._started = time.monotonic()
        self._step = 0
        self._lives: dict[str, proof.PodLife] = {}
        self._proofs: dict[str, proof.PodProof] = {}

    def run(self) -> None:
        if self._place.own:
            self._heading("A mesh: Kubernetes, Istio and Envoy, as plain processes")
            self._mesh(self._place.own)
        else:
            self._heading(f"The cluster of {near(self._place.kubeconfig)}")
        self._cluster = Cluster(self._place.kubeconfig)
        if not self._place.own:
            self._cluster.ours()
            self._screen.good(f"{self._cluster.server}: namespaces {', '.join(MANIFESTS)} are free for the demo")
        self._heading("Two namespaces whose workloads call one another, and a trace backend")
        self._applications()
        self._heading("The filter, rolled out by the collection")
        self._screen.line("  Each pod gets the filter and its configuration together, by a rolling update.")
        result = playbook.deploy(self._screen, self._place)
        self._proofs = proof.of_file(result, _one(self._cluster.pod_revisions()))
        self._heading("Traces, as they arrive at the backend")
        self._traces()
        self._heading("Every sidecar has accepted it")
        self._sidecars()
        self._heading("Another configuration, without bodies: swapped in while everything runs")
        self._screen.line("  With inline delivery the filter reaches the sidecars of running pods: none is restarted.")
        self._swap()
        self._summary()

    def _heading(self, text: str) -> None:
        self._step += 1
        self._screen.heading(f"{self._step}/{STEPS}  {text}")

    def _mesh(self, layout: Layout) -> None:
        with self._screen.working("starting"):
            mesh.up(layout, True, self._report)
        self._screen.good(f"the mesh runs in {near(layout.root)}")

    def _report(self, text: str) -> None:
        if text.startswith(" "):
            # How far the line before it has come, and for how long; the screen counts the time by itself.
            self._screen.says(text.strip().rpartition(",")[0] or text.strip())
        else:
            self._screen.line(f"      {text}")
            self._screen.says(text)

    def _applications(self) -> None:
        documents = [document for name in MANIFESTS for document in manifest(name)]
        for document in documents:
            self._cluster.apply(document)
        ready: set[str] = set()
        open_ones: list[Workload] = []

        def all_ready() -> bool:
            workloads = self._cluster.workloads(documents)
            for workload in workloads:
                if workload.is_ready and workload.label not in ready:
                    ready.add(workload.label)
                    self._screen.good(
                        f"{workload.label:18} {workload.kind:12} {workload.ready} of {workload.replicas} pods ready"
                    )
            open_ones[:] = [workload for workload in workloads if not workload.is_ready]
            pods = ", ".join(f"{one.label} {one.ready} of {one.replicas}" for one in open_ones)
            self._screen.says(f"waiting for {pods}")
            return not open_ones

        def not_ready() -> str:
            return f"{', '.join(one.label for one in open_ones)}: the pods did not become ready"

        with self._screen.working("waiting for the pods"):
            until(all_ready, READY_SECONDS, not_ready)
        if bare := self._cluster.without_sidecar():
            raise DemoError(
                f"{', '.join(bare)} got no sidecar: is Istio installed, and does it inject where a namespace has the "
                "label istio-injection=enabled?"
            )
        self._wanted = {entry.label for entry in self._cluster.workloads(documents) if entry.namespace in INJECTED}

    def _traces(self) -> None:
        arrivals = Arrivals(self._screen, self._cluster, self._wanted, lambda found: found.has_body)
        arrivals.watch()
        self._all_readable(arrivals)
        self._screen.line("")
        self._screen.good(f"traces arrived from all of {', '.join(sorted(self._wanted))}")
        shown = max(arrivals.traces, key=lambda found: found.telling)
        self._screen.line("")
        self._screen.line("  One of them in full, bodies decoded:")
        self._screen.line("")
        for text in trace.in_full(shown, arrivals.name):
            self._screen.line(f"    {text}")
        if SECRET in str([found.document for found in arrivals.traces]):
            raise DemoError("A trace shows the token that pay/checkout sends.")
        self._screen.line("")
        self._screen.good("the token that pay/checkout sends is in no trace")

    def _all_readable(self, arrivals: Arrivals) -> None:
        if arrivals.unreadable:
            raise DemoError(f"{arrivals.unreadable} traces were not valid JSON.")

    def _sidecars(self) -> None:
        self._screen.line("  The deploy has asked them, a heartbeat apart, before it called its work done.")
        if not self._proofs:
            self._screen.line("  Where it found all done already it has asked nobody; the status always does.")
            found = playbook.status(self._screen, self._place)
            self._proofs = proof.of_file(found, _one(self._cluster.pod_revisions()))
        self._screen.line("")
        for text in proof.sidecars(self._proofs):
            self._screen.line(f"  {text}")
        self._screen.line("")
        self._all_hold()
        self._lives = self._cluster.lives()

    def _swap(self) -> None:
        before = self._proofs
        options = ("-e", "wasm_filter_delivery=inline", "-e", "wasm_filter_bodies=off")
        result = playbook.deploy(self._screen, self._place, *options)
        self._screen.line("")
        self._proofs = proof.of_file(result, _one(self._cluster.inline_revisions()))
        arrivals = Arrivals(self._screen, self._cluster, self._wanted, lambda found: not found.has_body)
        arrivals.watch()
        self._all_readable(arrivals)
        if arrivals.left_out:
            self._screen.line(f"  ({arrivals.left_out} more still came by connections of the old configuration)")
        lives = self._cluster.lives()
        self._screen.line("")
        for text in proof.swapped(before, self._proofs, lives):
            self._screen.line(f"  {text}")
        self._screen.line("")
        if lives != self._lives:
            changed = sorted(
                name for name in lives.keys() | self._lives.keys() if lives.get(name) != self._lives.get(name)
            )
            raise DemoError(
                f"{', '.join(changed)}: replaced or restarted by a change that should have restarted nothing."
            )
        self._screen.good("the same pods as before, none restarted")
        if any(before[pod].revision == now.revision for pod, now in self._proofs.items()):
            raise DemoError("The revision did not change everywhere.")
        self._screen.good("traces arrive without bodies, from every workload")
        self._all_hold()

    def _all_hold(self) -> None:
        others = self._cluster.lives().keys() - self._proofs.keys()
        bad = [*(pod for pod, found in self._proofs.items() if not found.holds), *sorted(others)]
        if bad:
            raise DemoError(f"{', '.join(bad)}: rejected a listener, or the filter does not run there.")
        self._screen.good(
            f"the filter runs in {len(self._proofs)} pods, and none of their sidecars rejected a listener"
        )

    def _summary(self) -> None:
        seconds = round(time.monotonic() - self._started)
        took = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
        self._screen.heading(f"All of this was seen to work, in {took}. It keeps running; to look around:")
        self._screen.line("")
        for text in playbook.look_around(self._place):
            self._screen.line(f"  {text}")


def _one(revisions: set[str]) -> str:
    if len(revisions) != 1:
        raise DemoError(f"All should be on one revision, and are on {', '.join(sorted(revisions)) or 'none'}.")
    return next(iter(revisions))
