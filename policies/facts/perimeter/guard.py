"""Whether a perimeter stands between the project's code and everybody else's projects, and what is missing in it."""

from __future__ import annotations

from dataclasses import dataclass

from policies.facts.evidence import Control
from policies.facts.network.doors import doors
from policies.facts.perimeter.decision import RESTRICTED
from policies.facts.perimeter.model import Perimeter, guards
from policies.facts.perimeter.services import MOVERS
from policies.facts.perimeter.width import wide_rules
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Missing:
    """What a perimeter lacks: a sentence, and where."""

    sentence: str
    address: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """``controls`` prove the perimeter where ``missing`` is empty."""

    controls: tuple[Control, ...]
    missing: tuple[Missing, ...]

    @property
    def holds(self) -> bool:
        return bool(self.controls) and not self.missing


@fact
def guard(world: World) -> Guard:
    """The best perimeter around the project, for requests of its own code to projects of others and of others to it.

    It must enforce (``status``), restrict every service by which bytes are handed on, let clients inside call nothing
    else by private paths, and have no wide rule.
    """
    judged = [_judge(world, perimeter) for perimeter in guards(world)]
    if not judged:
        return Guard((), (Missing("no enforced service perimeter holds the project"),))
    return min(judged, key=lambda item: len(item.missing))


def _judge(world: World, perimeter: Perimeter) -> Guard:
    config = perimeter.status
    assert config is not None
    address = perimeter.res.address
    missing: list[Missing] = []
    lacking = sorted(MOVERS - config.restricted)
    services = perimeter.attribute("status[0].restricted_services")
    if lacking:
        missing.append(Missing(f"the perimeter does not restrict {', '.join(lacking)}", address, services))
    limit = perimeter.attribute("status[0].vpc_accessible_services")
    if config.accessible is None:
        missing.append(
            Missing("code inside may call services that the perimeter does not restrict", address, limit)
        )
    elif extra := sorted(config.accessible - {RESTRICTED} - config.restricted):
        missing.append(
            Missing(f"code inside may call {', '.join(extra)}, which is not restricted", address, limit)
        )
    for door in doors(world):
        if door.kind not in ("restricted", "vpc-sc", "direct path"):
            missing.append(
                Missing(
                    f"code reaches {door.steps[-1].target}, where services outside the perimeter answer",
                    door.res.address,
                    door.attribute,
                )
            )
    for rule, reason in wide_rules(world, config):
        missing.append(Missing(reason, rule.res.address, rule.attribute(f"{rule.direction}_to")))
    controls = tuple(
        Control(address, perimeter.attribute(f"status[0].{name}"))
        for name in ("resources", "restricted_services", "vpc_accessible_services")
    )
    return Guard(controls, tuple(missing))
