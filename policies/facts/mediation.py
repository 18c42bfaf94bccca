"""Whether an in-project mediator stands between team code and every Google API (catalogue 4.3, design section 7).

The mediator is the seal: a sealed pod runs the runner's own image, which holds the identity, and the team's command
gets files and no network. It closes API-01 and API-02 without an organisation, and only where all of it is proven:
admission refuses every hostile pod of the tables in every namespace where a team runs code and admits the runner of
platform.yaml, no team can change labels, policies or the runner's settings, and no team runs code elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.facts.evidence import Control
from policies.facts.kubernetes.admission.policies import bindings
from policies.facts.kubernetes.admission.trial import alike, network
from policies.facts.kubernetes.namespaces import Namespace
from policies.facts.kubernetes.seal.admitted import admitted, latent, mislabelled
from policies.facts.kubernetes.seal.gap import Gap
from policies.facts.kubernetes.seal.rights import settings, undoing
from policies.facts.kubernetes.tenancy import tenant_spaces
from policies.facts.network.nics import nics
from policies.facts.ownership import owner, teams_of
from policies.facts.world import World, fact

__all__ = ["Gap", "Mediation", "mediation"]


@dataclass(frozen=True, slots=True)
class Mediation:
    """``controls`` prove the seal where there are no ``gaps``. ``declared_open``: teams whose own file asks for
    ``network: project``, which the report names on its first page. ``weak``: what policies would admit if something
    else did not stand in its way."""

    controls: tuple[Control, ...] = ()
    gaps: tuple[Gap, ...] = ()
    declared_open: tuple[str, ...] = field(default=())
    weak: tuple[Gap, ...] = ()

    @property
    def holds(self) -> bool:
        return bool(self.controls) and not self.gaps

    @property
    def admission_gaps(self) -> tuple[Gap, ...]:
        """Gaps of admission policies that are there."""
        return (*(gap for gap in self.gaps if gap.admission), *self.weak)


@fact
def mediation(world: World) -> Mediation:
    """The mediator of this world. Fails closed: with nothing that proves the seal there are no controls."""
    spaces = list(tenant_spaces(world))
    if world.declared is None or not bindings(world) or not spaces:
        return Mediation(gaps=tuple(_unproven(world, spaces)))
    runner = world.declared.platform.images.runner
    gaps = [gap for group in alike(world, spaces) for gap in admitted(world, group, runner)]
    gaps += [gap for space in spaces for gap in mislabelled(world, space)]
    gaps += [*undoing(world, spaces), *settings(world, spaces), *_elsewhere(world)]
    opened = tuple(sorted(space.team or space.name for space in spaces if network(space) == "project"))
    return Mediation(
        tuple(_controls(world, spaces)), tuple(gaps), opened, tuple(latent(world, spaces, runner))
    )


def _unproven(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    for space in spaces:
        if not bindings(world):
            sentence = f"No admission policy refuses an unsealed pod in namespace {space.name}."
            fix = "bind a ValidatingAdmissionPolicy that admits sealed pods only"
            yield Gap(space.name, sentence, space.address, space.attribute, fix)
        else:
            sentence = f"Which image the runner of namespace {space.name} has is not known: no platform.yaml lies beside the boundary."
            yield Gap(space.name, sentence, space.address, space.attribute)


def _elsewhere(world: World) -> Iterator[Gap]:
    """Code of a team outside the cluster, where no admission holds it."""
    for nic in nics(world):
        if nic.nodes:
            continue
        account = nic.position.account
        teams = teams_of(world, f"serviceAccount:{account}") if "@" in account[1:] else frozenset()
        team = owner(world, nic.res) or next(iter(sorted(teams)), None)
        if team is not None:
            sentence = f"{nic.what} is team {team}'s and runs outside the cluster, where nothing seals it."
            yield Gap(nic.res.subject, sentence, nic.res.address, nic.at)


def _controls(world: World, spaces: list[Namespace]) -> Iterator[Control]:
    for binding in bindings(world):
        if binding.policy is not None and not binding.broken:
            yield Control(binding.policy.obj.address, binding.policy.obj.where("spec.validations"))
            yield Control(binding.obj.address, binding.obj.where("spec.validationActions"))
    for space in spaces:
        yield Control(space.address, space.attribute)
