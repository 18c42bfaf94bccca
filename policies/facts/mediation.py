"""Whether an in-project mediator stands between team code and every Google API (catalogue 4.3, design section 7).

The mediator is the seal: a sealed pod runs the runner's own image, which holds the identity, and the team's command
gets files and no network. It closes API-01 and API-02 without an organisation, and only where all of it is proven.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from policies.facts.evidence import Control
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the seal does not hold. ``subject``: the namespace or workload that is not sealed; ``sentence``: why its
    code can open a socket to a Google API, in plain English. ``admission``: an admission policy is there and does not
    refuse what it is there to refuse."""

    subject: str
    sentence: str
    address: str = ""
    attribute: str = ""
    fix: str = ""
    admission: bool = False


@dataclass(frozen=True, slots=True)
class Mediation:
    """``controls`` prove the seal where there are no ``gaps``. ``declared_open``: teams whose own file asks for
    ``network: project``, which the report names on its first page."""

    controls: tuple[Control, ...] = ()
    gaps: tuple[Gap, ...] = ()
    declared_open: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        return bool(self.controls) and not self.gaps

    @property
    def admission_gaps(self) -> tuple[Gap, ...]:
        """Gaps of admission policies that are there."""
        return tuple(gap for gap in self.gaps if gap.admission)


@fact
def mediation(world: World) -> Mediation:
    """The mediator of this world. Fails closed: with nothing that proves the seal there are no controls."""
    return Mediation()
