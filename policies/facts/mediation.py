"""Whether an in-project mediator stands between team code and every Google API (catalogue 4.3, design section 7).

The mediator is the seal: a sealed pod runs the runner's own image, which holds the identity, and the team's command
gets files and no network. It closes API-01 and API-02 without an organisation, and only where all of it is proven:
admission refuses every hostile pod of the tables in every namespace where a team runs code and admits the runner of
platform.yaml, no team can change labels, policies or the runner's settings, and no team runs code elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloister.declarations import names
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.evidence import Control
from policies.facts.kubernetes.admission.judge import Request, refusal
from policies.facts.kubernetes.admission.policies import Binding, bindings
from policies.facts.kubernetes.admission.trial import (
    ISOLATION,
    Miss,
    alike,
    honest,
    hostile,
    named,
    network,
    nobody,
)  # fmt: skip
from policies.facts.kubernetes.namespaces import NETWORK, TEAM, Namespace
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import ADMISSION, CONFIG, HOOKS, POWERS, RELABEL
from policies.facts.kubernetes.rbac import Holding, holders
from policies.facts.kubernetes.tenancy import tenant_spaces
from policies.facts.network.nics import nics
from policies.facts.ownership import owner, teams_of
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
    ``network: project``, which the report names on its first page. ``weak``: what policies would admit in a namespace
    that no team has yet."""

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
        return Mediation(gaps=tuple(_unbound(world, spaces)))
    runner = world.declared.platform.images.runner
    gaps = [gap for group in alike(world, spaces) for gap in _tried(world, group, runner)]
    gaps += [gap for space in spaces for gap in _label(world, space)]
    gaps += [*_undone(world, spaces), *_settings(world, spaces), *_elsewhere(world)]
    opened = tuple(sorted(space.team or space.name for space in spaces if network(space) == "project"))
    return Mediation(
        tuple(_controls(world, spaces)), tuple(gaps), opened, tuple(_weak(world, spaces, runner))
    )


def _unbound(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    if not bindings(world):
        for space in spaces[:3]:
            yield Gap(
                space.name, f"No admission policy refuses an unsealed pod in namespace {space.name}.", space.address,
                space.attribute, "bind a ValidatingAdmissionPolicy that admits sealed pods only",
            )  # fmt: skip
    elif world.declared is None and spaces:
        yield Gap(
            spaces[0].name, "Which image the runner has is not known: no platform.yaml lies beside the boundary.",
            spaces[0].address, spaces[0].attribute,
        )  # fmt: skip


def _tried(world: World, group: list[Namespace], runner: str) -> Iterator[Gap]:
    """What the namespaces of a group admit, tried on the first of them."""
    space = group[0]
    others = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
    if space.unknown is not None:
        yield Gap(
            space.name,
            f"The labels of namespace {space.name} are not known, and so which policies hold there.",
            space.address,
            space.attribute,
        )
        return
    allowed = _rights(world)
    wrong = honest(world, space, runner, allowed)
    if wrong is not None and wrong.refused_by is not None:
        by = wrong.refused_by
        sentence = f"Namespace {space.name}{others} refuses the runner that platform.yaml names, so that its policies seal something else: {by.policy.obj.subject} says: {by.message}."
        yield Gap(
            space.name,
            sentence,
            by.policy.obj.address,
            by.policy.obj.where("spec.validations"),
            "let the policy name the runner of platform.yaml",
            True,
        )
    missed = list(hostile(world, space, runner, allowed))
    closed = frozenset((*names.PLATFORM_VARIABLES, *names.SUBMIT_VARIABLES, *names.FIELD_VARIABLES))
    missed += named(world, space, runner, closed, allowed)
    if missed:
        yield _missed(world, space, missed, others)


def _missed(world: World, space: Namespace, missed: list[Miss], others: str) -> Gap:
    first = next((miss for miss in missed if "unsealed" in miss.attempt.name), missed[0])
    more = f", and {len(missed) - 1} more of the hostile pods" if len(missed) > 1 else ""
    broken = _broken(world)
    sentence = f"Namespace {space.name}{others} admits a hostile pod, {first.what}{more}"
    if broken is not None:
        obj, why, at = broken
        return Gap(
            space.name,
            f"{sentence}: of {obj}, {why}.",
            obj.address,
            obj.where(at),
            f"restore {obj.where(at)} of {obj.address}",
            True,
        )
    blamed = next((binding for binding in bindings(world) if binding.policy is not None), None)
    address, attribute = (space.address, space.attribute)
    if blamed is not None and blamed.policy is not None:
        address, attribute = blamed.policy.obj.address, blamed.policy.obj.where("spec.validations")
    return Gap(
        space.name,
        f"{sentence}: no admission policy in force there refuses it.",
        address,
        attribute,
        "refuse it by an admission policy bound to the namespace",
        True,
    )


def _broken(world: World) -> tuple[Object, str, str] | None:
    """The first binding or policy that is there and in force for nothing: (object, why, where)."""
    for binding in bindings(world):
        if binding.broken:
            return binding.obj, binding.broken, binding.at
        if binding.policy is not None and binding.policy.broken:
            return binding.policy.obj, binding.policy.broken, "spec.failurePolicy"
    return None


def _label(world: World, space: Namespace) -> Iterator[Gap]:
    """A namespace whose label opens what its team's file seals."""
    teams = world.declared.teams if world.declared is not None else {}
    team = teams.get(space.team) if space.team is not None else None
    if network(space) == "project" and (team is None or team.network != "project"):
        yield Gap(
            space.name, f"Namespace {space.name} is labelled {NETWORK}=project, while its team's file asks to be sealed.",
            space.address, space.attribute, f"label it {NETWORK}=sealed",
        )  # fmt: skip
    if TEAM not in space.labels:
        yield Gap(
            space.name, f"Namespace {space.name} has no label {TEAM}, by which admission knows a team's namespaces.",
            space.address, space.attribute, f"label it {TEAM}",
        )  # fmt: skip


def _rights(world: World) -> Any:
    """The authorizer's answers to the member of a team with the most rights."""
    held = [h for h, _ in holders(world, *POWERS) if h.subject.teams or h.subject.outside]

    def allowed(check: Mapping[str, Any]) -> bool:
        return any(_holds(holding, check) for holding in held)

    return allowed if held else nobody


def _holds(holding: Holding, check: Mapping[str, Any]) -> bool:
    group, resource, verb = (str(check.get(name, "")) for name in ("group", "resource", "check"))
    if holding.unknown:
        return True
    if holding.rules is None:
        return f"container.{resource}.{verb}" in {name.lower() for name in holding.permissions}
    return any(
        ("*" in rule.groups or group in rule.groups) and ("*" in rule.resources or resource in rule.resources)
        and ("*" in rule.verbs or verb in rule.verbs)
        for rule in holding.rules
    )  # fmt: skip


def _undone(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    """Teams that may change what the seal is bound to."""
    for holding, held in holders(world, ADMISSION.name, HOOKS.name, RELABEL.name):
        if not (holding.subject.teams or holding.subject.outside) or holding.unknown:
            continue
        if held == (RELABEL.name,) and all(_keeps_labels(world, space) for space in spaces):
            continue
        what = " and ".join(POWERS[name].does for name in held)
        yield Gap(
            holding.res.subject,
            f"{holding.subject.says} may {what} by {holding.role}, and so undo the seal.",
            holding.res.address,
            holding.attribute,
            "bind a role without this right",
        )


def _keeps_labels(world: World, space: Namespace) -> bool:
    old = {"kind": "Namespace", "metadata": {"name": space.name, "labels": dict(space.labels)}}
    new = {
        "kind": "Namespace",
        "metadata": {"name": space.name, "labels": {**space.labels, NETWORK: "project"}},
    }
    return refusal(world, Request(new, space.labels, old), _rights(world)) is not None


def _settings(world: World, spaces: list[Namespace]) -> Iterator[Gap]:
    """The runner's settings: teams cannot write them, and they name the team's own buckets."""
    writers = [h for h, _ in holders(world, CONFIG.name) if h.subject.teams or h.subject.outside]
    for space in spaces:
        for holding in writers:
            if holding.namespace in (None, space.name) and not _keeps_settings(world, space):
                yield Gap(
                    space.name,
                    f"{holding.subject.says} may {CONFIG.does} in namespace {space.name} by {holding.role}, and so tell the runner other buckets and another store.",
                    holding.res.address,
                    holding.attribute,
                    "refuse changes of the ConfigMap cloister by an admission policy",
                    admission=True,
                )
                break
    known = {space.name: space for space in spaces}
    for obj in objects(world, "ConfigMap"):
        if obj.name == names.CONFIG_MAP and isinstance(obj.namespace, str) and obj.namespace in known:
            yield from _values(world, known[obj.namespace], obj)


def _keeps_settings(world: World, space: Namespace) -> bool:
    old = {"kind": "ConfigMap", "metadata": {"name": names.CONFIG_MAP}, "data": {}}
    new = {**old, "data": {"CLOISTER_BUCKET_CODE": "elsewhere"}}
    tries = (Request(new, space.labels, old), Request(new, space.labels))
    return all(refusal(world, request, _rights(world)) is not None for request in tries)


def _values(world: World, space: Namespace, obj: Object) -> Iterator[Gap]:
    data = obj.body.get("data", {})
    if isinstance(data, Unknown):
        yield Gap(
            space.name,
            f"The runner's settings in namespace {space.name} are not known: {data.reason}.",
            obj.address,
            obj.where("data"),
        )
        return
    for key, value in data.items():
        attribute = obj.where(f"data.{key}")
        if key.startswith("CLOISTER_BUCKET_"):
            there = place(world, value, "bucket")
            whose = owner(world, there.res) if there.res is not None else None
            if not there.inside:
                yield Gap(
                    space.name,
                    f"The runner of namespace {space.name} is told {there.name}, {there.why}.",
                    obj.address,
                    attribute,
                )
            elif whose != space.team:
                yield Gap(
                    space.name,
                    f"The runner of namespace {space.name} is told {there.name}, which is not team {space.team}'s.",
                    obj.address,
                    attribute,
                )
        elif key in ("CLOISTER_STORE", "CLOISTER_METADATA") and value:
            yield Gap(
                space.name,
                f"The runner of namespace {space.name} is told another store or metadata server: {value if isinstance(value, str) else 'one that is not known'}.",
                obj.address,
                attribute,
            )


def _elsewhere(world: World) -> Iterator[Gap]:
    """Code of a team outside the cluster, where no admission holds it."""
    for nic in nics(world):
        if nic.nodes:
            continue
        account = nic.position.account
        teams = teams_of(world, f"serviceAccount:{account}") if "@" in account[1:] else frozenset()
        team = owner(world, nic.res) or next(iter(sorted(teams)), None)
        if team is not None:
            yield Gap(
                nic.res.subject,
                f"{nic.what} is team {team}'s and runs outside the cluster, where nothing seals it.",
                nic.res.address,
                nic.at,
            )


def _weak(world: World, spaces: list[Namespace], runner: str) -> Iterator[Gap]:
    """What policies would admit if something else did not stand in its way: for teams of a kind that no team is yet,
    and to whoever had rights that no team has; and policies that are there and in force for nothing."""
    model = next((space for space in spaces if space.unknown is None), None)
    if model is None:
        return
    for label, value, tells in (
        (NETWORK, "project", "on the network"),
        (ISOLATION, "dedicated", "with nodes of its own"),
    ):
        if any(space.labels.get(label) == value for space in spaces):
            continue
        space = replace(model, labels={**model.labels, label: value})
        missed = list(hostile(world, space, runner, nobody, only="alone" if label == ISOLATION else ""))
        if missed:
            more = f", and {len(missed) - 1} more" if len(missed) > 1 else ""
            sentence = f"A team {tells} would be admitted a hostile pod, {missed[0].what}{more}; only that no team is of that kind keeps it out."
            yield _about(world, sentence)
    for kept, what, cut in (
        (_keeps_settings(world, model), "change the runner's settings (ConfigMap cloister) of a team", "no team may write ConfigMaps"),
        (_keeps_labels(world, model), "change the labels that say what a team's namespace is held to", "no team may change namespaces"),
        (shuts(world, model.name, ("exec",)), "open a shell in a team's pods", "no role gives the right"),
    ):  # fmt: skip
        if not kept:
            yield _about(
                world, f"No admission policy in force refuses to {what}; only that {cut} keeps them from it."
            )
    for binding in bindings(world):
        policy = binding.policy
        why, obj, at = binding.broken, binding.obj, binding.at
        if not why and policy is not None and policy.broken:
            why, obj, at = policy.broken, policy.obj, "spec.failurePolicy"
        if why and (TEAM in str(binding.obj.raw) or policy is None):
            yield Gap(
                obj.subject,
                f"Of {obj}, {why}; only the other admission policies hold teams' pods.",
                obj.address,
                obj.where(at),
                f"restore {obj.where(at)} of {obj.address}",
                True,
            )


def _about(world: World, sentence: str) -> Gap:
    """A gap of the policies as a whole: where the broken one is, else where policies stand."""
    broken = _broken(world)
    if broken is not None:
        obj, why, at = broken
        return Gap(
            obj.subject,
            f"{sentence[:-1]}: of {obj}, {why}.",
            obj.address,
            obj.where(at),
            f"restore {obj.where(at)} of {obj.address}",
            True,
        )
    first = bindings(world)[0].obj
    return Gap(
        first.subject,
        sentence,
        first.address,
        first.where("spec"),
        "refuse it by an admission policy bound to the namespace",
        True,
    )


def _weight(binding: Binding) -> int:
    """How much a policy says: the one with the most validations is the one to look at."""
    return len(binding.policy.validations) if binding.policy is not None else -1


# Ways into a pod that the API server is asked to connect to, by the power that asks.
_CONNECTIONS = {"exec": "exec", "attach": "attach", "port-forward": "portforward", "pod proxy": "proxy"}


def shuts(world: World, name: str | None, powers: Iterable[str]) -> bool:
    """Whether admission refuses what powers over running pods ask for, in a namespace or (None) in every one."""
    wanted = [_CONNECTIONS.get(power) for power in powers]
    spaces = [space for space in tenant_spaces(world) if name in (None, space.name)]
    pod = {"kind": "Pod", "metadata": {"name": "case"}}
    return bool(spaces and wanted) and all(
        way is not None
        and refusal(world, Request(pod, group[0].labels, subresource=way, connects=True), nobody) is not None
        for group in alike(world, spaces)
        for way in wanted
    )


def _controls(world: World, spaces: list[Namespace]) -> Iterator[Control]:
    for binding in bindings(world):
        if binding.policy is not None and not binding.broken:
            yield Control(binding.policy.obj.address, binding.policy.obj.where("spec.validations"))
            yield Control(binding.obj.address, binding.obj.where("spec.validationActions"))
    for space in spaces:
        yield Control(space.address, space.attribute)
