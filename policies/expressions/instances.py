"""Resources as expressions see them: blocks, the instances count and for_each make of them, and their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policies.expressions import identities, remote
from policies.expressions.agreement import agrees
from policies.expressions.context import Context
from policies.expressions.convert import checked, plain, to_whole
from policies.expressions.dynamic import dynamic_blocks, with_repeated
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.evaluate import Evaluator
from policies.expressions.normalise import Shape, normalised, shape_of
from policies.expressions.once import RUNNING, Once
from policies.expressions.planned import Planned
from policies.expressions.values import Namespace, SetValue, Unknown
from policies.snapshot.model import Resource

if TYPE_CHECKING:
    from policies.expressions.scope import ModuleScope


class Declared:
    """A resource block: as written, and as the instances that count or for_each make of it."""

    __slots__ = ("_standing_in", "_value", "scope", "written")

    def __init__(self, scope: ModuleScope, written: list[Resource]) -> None:
        self.scope = scope
        self.written = written
        self._value: Any = None
        self._standing_in: list[ResourceObject] = []

    def value(self) -> Any:
        """What its address stands for in an expression: an instance, a list or a map of them, or an unknown."""
        if self._value is RUNNING:
            return Unknown("cyclic reference through count or for_each", refs=(self.written[0].address,))
        if self._value is None:
            self._value = RUNNING
            self._value = self._instances()
        return self._value

    def all(self) -> list[ResourceObject]:
        """The instances; one stands in for those whose number is unknown."""
        value = self.value()
        if isinstance(value, Unknown):
            return self._standing_in
        if isinstance(value, ResourceObject):
            return [value]
        return list(value.values()) if isinstance(value, dict) else list(value)

    def _instances(self) -> Any:
        first = self.written[0]
        if first.key is not None:
            return _by_key(
                [ResourceObject(self.scope, item, _each_of_key(item.key)) for item in self.written]
            )
        if "count" in first.meta:
            return self._counted(first, plain(self.scope.argument(first.meta["count"])))
        if "for_each" in first.meta:
            return self._for_each(first, self.scope.argument(first.meta["for_each"]))
        return ResourceObject(self.scope, first, {})

    def _counted(self, resource: Resource, count: Any) -> Any:
        if isinstance(count, Unknown):
            return self._uncertain(resource, "count", count)
        try:
            number = to_whole(count)
        except (WrongError, BeyondError) as error:
            return self._uncertain(resource, "count", Unknown(f"an invalid count: {error}"))
        if not 0 <= number <= _MOST:
            return self._uncertain(resource, "count", Unknown("a count out of range"))
        return [
            ResourceObject(
                self.scope,
                replace(resource, address=f"{resource.address}[{index}]", key=index),
                {"count": {"index": index}},
            )
            for index in range(number)
        ]

    def _for_each(self, resource: Resource, value: Any) -> Any:
        if isinstance(value, SetValue) and all(isinstance(item, str) for item in value):
            pairs = {item: item for item in value}
        elif isinstance(value, dict):
            pairs = dict(value)
        else:
            unknown = plain(value)
            if not isinstance(unknown, Unknown):
                unknown = Unknown("for_each is neither a map nor a set of strings")
            return self._uncertain(resource, "for_each", unknown)
        if len(pairs) > _MOST:
            return self._uncertain(resource, "for_each", Unknown("for_each over too many elements"))
        return {
            key: ResourceObject(
                self.scope,
                replace(resource, address=f'{resource.address}["{key}"]', key=key),
                {"each": {"key": key, "value": item}},
            )
            for key, item in pairs.items()
        }

    def _uncertain(self, resource: Resource, argument: str, value: Unknown) -> Any:
        """Nobody knows how many: one instance stands for all of them, and says so in its ``meta``."""
        unknown = Unknown(f"{argument} cannot be resolved", refs=value.refs, exact=False)
        bound = {"index": unknown} if argument == "count" else {"key": unknown, "value": unknown}
        uncertain = replace(resource, meta={**resource.meta, argument: value})
        self._standing_in = [ResourceObject(self.scope, uncertain, {argument.replace("for_", ""): bound})]
        return Unknown("an instance of a resource with unknown keys", refs=(resource.address,), exact=False)


_MOST = 20_000


def _each_of_key(key: str | int | None) -> dict[str, Any]:
    if isinstance(key, str):
        return {"each": {"key": key, "value": Unknown("the value of for_each is not part of a plan")}}
    return {"count": {"index": key}}


def _by_key(items: list[ResourceObject]) -> Any:
    if all(isinstance(item.resource.key, int) for item in items):
        return sorted(items, key=lambda item: item.resource.key or 0)
    return {str(item.resource.key): item for item in items}


class ResourceObject(Namespace):
    """One instance of a resource; its attributes are evaluated when they are asked for."""

    __slots__ = ("_bound", "_dynamic", "_once", "evaluator", "resource", "scope", "shape")

    def __init__(self, scope: ModuleScope, resource: Resource, bound: Mapping[str, Any]) -> None:
        self.scope = scope
        self.resource = resource
        self._bound = bound
        self._once = Once(scope.whole.budget)
        self._dynamic = dynamic_blocks(resource.body) if "dynamic" in resource.body else {}
        self.evaluator = Evaluator(self, scope.whole.budget) if bound else scope.evaluator
        self.shape = shape_of(f"data.{resource.type}" if resource.mode == "data" else resource.type)

    @property
    def address(self) -> str:
        """Its address in the snapshot."""
        return self.resource.address

    @property
    def context(self) -> Context:
        return self.scope.whole.context

    def root(self, name: str) -> Any:
        return self._bound[name] if name in self._bound else self.scope.root(name)

    def at(self, name: str) -> str:
        """The reference to one of its attributes."""
        return f"{self.address}.{name.removeprefix('argument ')}"

    def arguments(self) -> dict[str, Any]:
        """Every argument that is set, evaluated."""
        names = [*self.resource.body, *self.resource.configured, *self._dynamic]
        if self._dynamic:
            names.remove("dynamic")
        found: dict[str, Any] = {}
        for name in dict.fromkeys(names):
            value = self.configured(name)
            if value is not None:
                found[name] = value
        return found

    def qualified(self, reference: str) -> str:
        """A reference of its module with the stack."""
        return self.scope.qualified(reference)

    def whole(self) -> Unknown:
        return Unknown("a whole resource is not a value", refs=(self.address,))

    def member(self, name: str) -> Any:
        """An attribute: as configured, as Google computes it, or unknown by its reference."""
        found = self.configured(name)
        if found is not None:
            return found
        return self._once.value(name, lambda: self._computed(name), self.at)

    def configured(self, name: str) -> Any:
        """The value of an argument; None when it is absent or null."""
        if (
            name not in self.resource.body
            and name not in self.resource.configured
            and name not in self._dynamic
        ):
            return None
        return self._once.value(f"argument {name}", lambda: self._argument(name), self.at)

    def provider(self, name: str) -> Any:
        """An argument of the configuration of this resource's provider."""
        return self.scope.provider(self.resource.provider_key, name)

    def _argument(self, name: str) -> Any:
        shape = self.shape.inner.get(name)
        raw = self.resource.body.get(name)
        if self.resource.unknown is None:
            value = self.evaluator.argument(raw)
            if name in self._dynamic:
                value = with_repeated(
                    [] if value is None else value, name, self._dynamic[name], self.evaluator
                )
        else:
            configured = self.resource.configured.get(name)
            planned = Planned(self.evaluator)
            value = planned.value(name, raw, configured, self.resource.unknown.get(name), shape)
            if self.resource.paired and value is raw and configured is not None:
                self._compare(name, raw, configured, shape)
        if value is not raw:
            value = plain(checked(value) if isinstance(value, dict | list) else value)
        return normalised(value, shape, f"{self.address}.{name}")

    def _compare(self, name: str, planned: Any, configured: Any, shape: Shape | None) -> None:
        """Note where the plan says something else than the configuration it belongs to."""
        reference = f"{self.address}.{name}"
        written = normalised(plain(self.evaluator.argument(configured)), shape, reference)
        if not agrees(normalised(planned, shape, reference), written):
            self.scope.whole.disagreements.append(reference)

    def _computed(self, name: str) -> Any:
        if self.resource.mode == "data" and self.resource.type == "terraform_remote_state":
            return remote.outputs(self) if name == "outputs" else self._after_apply(name)
        value = identities.computed(self, name)
        return value if value is not None else self._after_apply(name)

    def _after_apply(self, name: str) -> Unknown:
        shape = self.shape.inner.get(name)
        known = not self.shape.inner or shape is not None
        reason = "known after apply" if known else f"{self.resource.type} has no attribute {name[:40]}"
        return Unknown(reason, refs=(f"{self.address}.{name}",))
