"""What admission lets into teams' namespaces that it must not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cloister.declarations import names
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
from policies.facts.kubernetes.namespaces import CLASS, NETWORK, TEAM, Namespace, serves
from policies.facts.kubernetes.objects import Object
from policies.facts.kubernetes.seal.gap import Gap
from policies.facts.kubernetes.seal.rights import keeps_labels, keeps_settings, of_teams
from policies.facts.kubernetes.tenancy import tenant_spaces
from policies.facts.world import World

_CLOSED = frozenset((*names.PLATFORM_VARIABLES, *names.SUBMIT_VARIABLES, *names.FIELD_VARIABLES))
_REFUSE = "refuse it by an admission policy bound to the namespace"
# Ways into a pod that the API server is asked to connect to, by the power that asks.
_CONNECTIONS = {"exec": "exec", "attach": "attach", "port-forward": "portforward", "pod proxy": "proxy"}


def admitted(world: World, group: list[Namespace], runner: str) -> Iterator[Gap]:
    """What namespaces that no policy tells apart admit, tried on the first of them."""
    space = group[0]
    name = f"Namespace {space.name}" + (f" (and {len(group) - 1} more like it)" if len(group) > 1 else "")
    if space.unknown is not None:
        sentence = f"The labels of namespace {space.name} are not known, and so which policies hold there."
        yield Gap(space.name, sentence, space.address, space.attribute)
        return
    allowed = of_teams(world)
    wrong = honest(world, space, runner, allowed)
    if wrong is not None and wrong.refused_by is not None:
        policy = wrong.refused_by.policy.obj
        sentence = f"{name} refuses the runner that platform.yaml names, so that its policies seal something else: {policy.subject} says: {wrong.refused_by.message}."
        fix = "let the policy name the runner of platform.yaml"
        yield Gap(space.name, sentence, policy.address, policy.where("spec.validations"), fix, True)
    missed = [*hostile(world, space, runner, allowed), *named(world, space, runner, _CLOSED, allowed)]
    if missed:
        first = next((miss for miss in missed if "unsealed" in miss.attempt.name), missed[0])
        yield _blamed(
            world,
            space.name,
            f"{name} admits a hostile pod, {first.what}{_more(missed)}",
            "no admission policy in force there refuses it",
        )


def _more(missed: list[Miss]) -> str:
    return f", and {len(missed) - 1} more of the hostile pods" if len(missed) > 1 else ""


def _blamed(world: World, subject: str | None, sentence: str, otherwise: str) -> Gap:
    """A gap of the policies: because of the first that is there and in force for nothing, else ``otherwise``, on the
    policy that says most. ``subject`` None: that policy."""
    broken = next((binding for binding in bindings(world) if binding.broken), None)
    if broken is not None:
        obj, at = _faulty(broken)
        why = f"{broken.obj} {broken.broken}"
        return Gap(
            subject or obj.subject,
            f"{sentence}: {why}.",
            obj.address,
            obj.where(at),
            f"restore {obj.where(at)} of {obj.address}",
            True,
        )
    most = max(bindings(world), key=_weight)
    obj = most.policy.obj if most.policy is not None else most.obj
    return Gap(
        subject or obj.subject,
        f"{sentence}: {otherwise}.",
        obj.address,
        obj.where("spec.validations"),
        _REFUSE,
        True,
    )


def _weight(binding: Binding) -> int:
    return len(binding.policy.validations) if binding.policy is not None else -1


def _faulty(binding: Binding) -> tuple[Object, str]:
    """The object to mend, and where."""
    if binding.policy is not None and binding.policy.broken:
        return binding.policy.obj, "spec.failurePolicy"
    return binding.obj, binding.at


def latent(world: World, spaces: list[Namespace], runner: str) -> Iterator[Gap]:
    """What policies would admit if something else did not stand in its way: for teams of a kind that no team is yet,
    and to whoever had rights that no team has; and policies that are there and in force for nothing."""
    model = next((space for space in spaces if space.unknown is None and not serves(space)), None)
    if model is None:
        return
    for label, value, tells in (
        (NETWORK, "project", "on the network"),
        (ISOLATION, "dedicated", "with nodes of its own"),
        (CLASS, names.SERVING, "whose models serve"),
    ):
        if any(space.labels.get(label) == value for space in spaces):
            continue
        space = replace(model, labels={**model.labels, label: value})
        missed = list(hostile(world, space, runner, nobody, only="alone" if label == ISOLATION else ""))
        if missed:
            sentence = f"A team {tells} would be admitted a hostile pod, {missed[0].what}{_more(missed)}"
            yield _blamed(world, None, sentence, "only that no team is of that kind keeps it out")
    for kept, what, cut in (
        (keeps_settings(world, model), "change the runner's settings (ConfigMap cloister) of a team", "no team may write ConfigMaps"),
        (keeps_labels(world, model), "change the labels that say what a team's namespace is held to", "no team may change namespaces"),
        (shuts(world, model.name, ("exec",)), "open a shell in a team's pods", "no role gives the right"),
    ):  # fmt: skip
        if not kept:
            yield _blamed(
                world,
                None,
                f"No admission policy in force refuses to {what}; only that {cut} keeps them from it",
                "none is there that does",
            )
    for binding in bindings(world):
        if binding.broken and (binding.policy is None or TEAM in str(binding.obj.raw)):
            obj, at = _faulty(binding)
            sentence = f"{binding.obj} {binding.broken}; only the other admission policies hold teams' pods."
            yield Gap(
                obj.subject,
                sentence[0].upper() + sentence[1:],
                obj.address,
                obj.where(at),
                f"restore {obj.where(at)} of {obj.address}",
                True,
            )


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


def mislabelled(world: World, space: Namespace) -> Iterator[Gap]:
    """A namespace whose label opens what its team's file seals, or that admission does not know as a team's."""
    teams = world.declared.teams if world.declared is not None else {}
    team = teams.get(space.team) if space.team is not None else None
    if network(space) == "project" and (team is None or team.network != "project"):
        sentence = (
            f"Namespace {space.name} is labelled {NETWORK}=project, while its team's file asks to be sealed."
        )
        yield Gap(space.name, sentence, space.address, space.attribute, f"label it {NETWORK}=sealed")
    served = team is not None and team.services and space.name == names.serving_namespace(team.team)
    if serves(space) and not served:
        sentence = f"Namespace {space.name} is labelled {CLASS}={names.SERVING}, which opens it to pods that listen, while no team's file has services there."
        yield Gap(space.name, sentence, space.address, space.attribute, f"remove the label {CLASS}")
    if TEAM not in space.labels:
        sentence = (
            f"Namespace {space.name} has no label {TEAM}, by which admission knows a team's namespaces."
        )
        yield Gap(space.name, sentence, space.address, space.attribute, f"label it {TEAM}")
