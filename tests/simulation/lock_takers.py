"""Others who take a run's lock away."""

from __future__ import annotations

from tests.simulation.meddler import Meddler
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.values import at, put


class LockTaken(Meddler):
    """Somebody deletes the Lease of a run, or has it himself for a while, by another tool."""

    name = "lock taken"

    def step(self) -> str:
        return self.simulation.step_of_run()

    def begin(self) -> None:
        store = self.simulation.store
        place = Place(RESOURCES["Lease"], self.namespace, "wasm-filter-trace")

        def act() -> bool:
            found = store.get(place)
            if found is None:
                return False
            if self.rng.random() < 0.5:
                return store.remove(place, "kubectl") is not None
            self.simulation.clock.after(self.rng.choice((1.0, 20.0, 90.0)), lambda: self._end_of(place))
            return self.write(put(found, "spec", "holderIdentity", "somebody else"), "somebody")

        self.once(act)

    def _end_of(self, place: Place) -> None:
        found = self.simulation.store.get(place)
        if at(found, "spec", "holderIdentity") == "somebody else":
            self.simulation.store.remove(place, "somebody")


LOCK_TAKERS: tuple[type[Meddler], ...] = (LockTaken,)
