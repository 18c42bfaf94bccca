"""ValidatingAdmissionPolicies and their bindings: what each speaks of, and whether it is in force.

Source: kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.kubernetes.admission.language import Variable, Variables
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.selectors import Selector, selector
from policies.facts.resource import Block
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Named:
    """An expression with its name (of a variable or condition) or message (of a validation)."""

    name: str
    expression: str
    path: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What a policy or binding speaks of: resource rules, labels of namespaces and of objects."""

    rules: tuple[Mapping[str, Any], ...]
    excluded: tuple[Mapping[str, Any], ...]
    spaces: Selector
    objects: Selector


@dataclass(frozen=True, slots=True, eq=False)
class AdmissionPolicy:
    """``needs``: the variables (of ``variables``) that its expressions stand on; ``together``: its validations as one
    expression. ``broken``: why it refuses nothing for certain, words that follow its name, empty when it may. ``named_texts``: its expressions as they stand, with the names of variables."""

    obj: Object
    scope: Scope
    conditions: tuple[Named, ...]
    validations: tuple[Named, ...]
    needs: frozenset[str]
    together: str
    named_texts: tuple[tuple[str, str], ...]
    broken: str
    params: bool

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.named_texts)

    @property
    def about_objects(self) -> frozenset[str]:
        """The strings of expressions that ask for an object's own labels, annotations or name: whoever makes an object
        can give it these."""
        asking = {name for name, text in self.named_texts if name and _asks(text, frozenset())}
        return frozenset(
            literal for _, text in self.named_texts if _asks(text, asking) for literal in literals(text)
        )


_NAMESPACES_OWN = re.compile(r"namespaceObject\s*\.\s*metadata")
_LITERAL = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def literals(expression: str) -> set[str]:
    """The strings an expression names."""
    return {single or double for single, double in _LITERAL.findall(expression)}


def _asks(text: str, variables: frozenset[str] | set[str]) -> bool:
    if "metadata" in _NAMESPACES_OWN.sub("", text):
        return True
    return any(re.search(rf"\bvariables\.{re.escape(name)}\b", text) for name in variables)


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """A policy in force for what both it and the binding speak of. ``broken``: why it puts nothing in force, words that
    follow its name; ``at``: where that stands."""

    obj: Object
    policy: AdmissionPolicy | None
    scope: Scope
    broken: str
    at: str
    params: Mapping[str, Any] | None = None


@fact
def variables(world: World) -> Variables:
    """The variables of all policies."""
    return Variables()


@fact
def admission_policies(world: World) -> dict[str, AdmissionPolicy]:
    """Every policy by name."""
    found: dict[str, AdmissionPolicy] = {}
    for obj in objects(world, "ValidatingAdmissionPolicy"):
        if isinstance(obj.name, str):
            found[obj.name] = _policy(variables(world), obj)
    return found


@fact
def bindings(world: World) -> tuple[Binding, ...]:
    """Every binding with its policy."""
    return tuple(_binding(world, obj) for obj in objects(world, "ValidatingAdmissionPolicyBinding"))


def _policy(shared: Variables, obj: Object) -> AdmissionPolicy:
    body = obj.body
    failure = body.get("spec.failurePolicy", "Fail")
    unknown = next(iter(body.unknowns("spec")), None)
    broken = ""
    if failure != "Fail":
        stated = failure if isinstance(failure, str) else "that is not known"
        broken = f"has a failurePolicy {stated}, so that whatever it cannot evaluate passes"
    elif unknown is not None:
        broken = f"cannot be read: {unknown[0]} is not known ({unknown[1].reason})"
    defined: dict[str, Variable] = {}
    for block in body.blocks("spec.variables"):
        defined[str(block.get("name"))] = shared.define(str(block.get("expression", "")), defined)
    conditions, used = _named(shared, body, "spec.matchConditions", "name", defined)
    validations, also = _named(shared, body, "spec.validations", "message", defined)
    needs = (used | also).union(*(shared.by_name[name].needs for name in used | also))
    texts = tuple(
        (str(block.get("name", "")) if part == "variables" else "", str(block.get("expression", "")))
        for part in ("variables", "matchConditions", "validations")
        for block in body.blocks(f"spec.{part}")
    )
    return AdmissionPolicy(
        obj, _scope(body, "spec.matchConstraints"), conditions, validations, needs,
        shared.together((item.expression for item in validations), needs), texts, broken,
        body.get("spec.paramKind") is not None,
    )  # fmt: skip


def _binding(world: World, obj: Object) -> Binding:
    body = obj.body
    name, actions = body.get("spec.policyName"), body.get("spec.validationActions", ())
    policy = admission_policies(world).get(name) if isinstance(name, str) else None
    broken, at = "", "spec"
    unknown = next(iter(body.unknowns("spec")), None)
    if unknown is not None:
        broken, at = f"cannot be read: {unknown[0]} is not known ({unknown[1].reason})", unknown[0]
    elif policy is None:
        broken, at = f"binds the policy {name}, which no stack creates", "spec.policyName"
    elif policy.broken:
        broken, at = f"binds a policy that {policy.broken}", "spec.policyName"
    elif "Deny" not in actions:
        stated = " and ".join(map(str, actions)) or "no action"
        broken, at = f"says {stated}, and denies nothing", "spec.validationActions"
    params = _params(world, body) if policy is not None and policy.params else None
    if not broken and policy is not None and policy.params and params is None:
        broken, at = "names parameters that are not in the snapshot", "spec.paramRef"
    return Binding(obj, policy, _scope(body, "spec.matchResources"), broken, at, params)


def _params(world: World, body: Block) -> Mapping[str, Any] | None:
    """The object a binding names as parameters, where it names one by name that the snapshot creates."""
    name, space = body.get("spec.paramRef.name"), body.get("spec.paramRef.namespace")
    found = [
        obj for obj in objects(world, "ConfigMap", "Secret")
        if obj.name == name and (space is None or obj.namespace == space)
    ]  # fmt: skip
    if len(found) != 1 or any(found[0].body.unknowns()):
        return None
    return {"kind": found[0].kind, **found[0].body.values}


def _scope(body: Block, path: str) -> Scope:
    return Scope(
        tuple(block.values for block in body.blocks(f"{path}.resourceRules")),
        tuple(block.values for block in body.blocks(f"{path}.excludeResourceRules")),
        _selector(body, f"{path}.namespaceSelector"), _selector(body, f"{path}.objectSelector"),
    )  # fmt: skip


def _selector(body: Block, path: str) -> Selector:
    value = body.get(path)
    if isinstance(value, Unknown):
        return Selector(unknown=value)
    found = body.blocks(path)
    return selector(found[0]) if found else Selector()


def _named(
    shared: Variables, body: Block, path: str, name: str, defined: Mapping[str, Variable]
) -> tuple[tuple[Named, ...], frozenset[str]]:
    """The expressions at a path, and the variables they use."""
    found: list[Named] = []
    used: frozenset[str] = frozenset()
    for block in body.blocks(path):
        text, names = shared.read(str(block.get("expression", "")), defined)
        found.append(Named(str(block.get(name, "")), text, block.at("expression")))
        used |= names
    return tuple(found), used
