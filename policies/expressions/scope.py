"""Names of one module of one stack: variables, locals, resources, data sources, modules and, through remote state,
the outputs of other stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from policies.expressions.context import Context
from policies.expressions.convert import checked
from policies.expressions.declared import converted
from policies.expressions.evaluate import Budget, Evaluator
from policies.expressions.instances import Declared, ResourceObject
from policies.expressions.once import Once
from policies.expressions.remote import states
from policies.expressions.values import Namespace, Unknown
from policies.snapshot.model import Module, Resource, Snapshot, Stack


class Whole:
    """The evaluation of one snapshot: the scopes of its modules, and what they share."""

    def __init__(self, snapshot: Snapshot, context: Context) -> None:
        self.snapshot = snapshot
        self.context = context
        self.budget = Budget()
        # References whose planned value is not the configured one.
        self.disagreements: list[str] = []
        self._scopes: dict[tuple[str, str], ModuleScope] = {}
        for stack in snapshot.stacks:
            for path, module in stack.modules_by_path().items():
                self._scopes[stack.name, path] = ModuleScope(self, stack, module)
        for stack in snapshot.stacks:
            for resource in stack.resources:
                self._scopes[stack.name, resource.module_path].declare(resource)

    @cached_property
    def states(self) -> dict[tuple[str, tuple[str, ...]], Stack]:
        """The stacks by where their state lies."""
        return states(self)

    def scope(self, stack: str, module: str = "") -> ModuleScope:
        """The scope of a module that the snapshot has."""
        return self._scopes[stack, module]

    def find(self, stack: str, module: str) -> ModuleScope | None:
        """The scope of a module, None when its contents are not part of the input."""
        return self._scopes.get((stack, module))

    def instances(self) -> list[ResourceObject]:
        """Every instance of every resource and data source, in input order."""
        found: list[ResourceObject] = []
        done: set[int] = set()
        for stack in self.snapshot.stacks:
            for resource in stack.resources:
                declared = self._scopes[stack.name, resource.module_path].declared(resource)
                if id(declared) not in done:
                    done.add(id(declared))
                    self.budget.refill()
                    found += declared.all()
        return found


class ModuleScope:
    """The names of one module."""

    def __init__(self, whole: Whole, stack: Stack, module: Module) -> None:
        self.whole = whole
        self.stack = stack
        self.module = module
        self._declared: dict[tuple[str, str, str], Declared] = {}
        self._types: set[tuple[str, str]] = set()
        self._once = Once(whole.budget)
        self.evaluator = Evaluator(self, whole.budget)

    def qualified(self, reference: str) -> str:
        """A reference of this module, qualified by stack and module."""
        prefix = f"{self.module.path}." if self.module.path else ""
        return f"{self.stack.name}/{prefix}{reference}"

    def declare(self, resource: Resource) -> None:
        """Enter a resource, or one more instance of it."""
        key = (resource.mode, resource.type, resource.name)
        found = self._declared.get(key)
        if found is None:
            self._declared[key] = Declared(self, [resource])
        else:
            found.written.append(resource)

    def declared(self, resource: Resource) -> Declared:
        """The block a resource belongs to."""
        return self._declared[resource.mode, resource.type, resource.name]

    def resource(self, mode: str, type_: str, name: str) -> Any:
        """What ``<type>.<name>`` stands for: one instance, a list or a map of them, or an unknown."""
        found = self._declared.get((mode, type_, name))
        if found is None:
            prefix = "data." if mode == "data" else ""
            return Unknown(
                "no such resource in this stack", refs=(self.qualified(f"{prefix}{type_}.{name}"),)
            )
        return found.value()

    # Root names

    def root(self, name: str) -> Any:
        """What a root name stands for: a namespace, or a resource type."""
        fixed = _ROOTS.get(name)
        return fixed(self) if fixed is not None else OfType(self, "managed", name)

    def named(self, kind: str, name: str, compute: Callable[[], Any]) -> Any:
        """A variable, local or output, evaluated once."""
        return self._once.value(f"{kind}.{name}", lambda: checked(compute()), self.qualified)

    def variable(self, name: str) -> Any:
        """The value of a variable: given by the call or the input, else its default."""
        return self.named("var", name, lambda: self._variable(name))

    def _variable(self, name: str) -> Any:
        reference = self.qualified(f"var.{name}")
        declared = self.module.variables.get(name)
        if name in self.module.inputs:
            parent = self.whole.find(self.stack.name, self.module.parent)
            if parent is not None:
                return converted(parent.argument(self.module.inputs[name]), declared)
        if name in self.module.given:
            return converted(self.module.given[name], declared)
        if declared is None:
            return Unknown(f"variable {name} is not declared", refs=(reference,))
        if isinstance(declared, Mapping) and "default" in declared:
            return converted(declared["default"], declared)
        return Unknown(f"variable {name} has no default", refs=(reference,))

    def local(self, name: str) -> Any:
        """The value of a local."""
        if name not in self.module.locals:
            return Unknown(f"local {name} is not defined here", refs=(self.qualified(f"local.{name}"),))
        return self.named("local", name, lambda: self.argument(self.module.locals[name]))

    def output(self, name: str) -> Any:
        """The value of an output."""
        if name not in self.module.outputs:
            return Unknown(f"no such output: {name}", refs=(self.qualified(f"output.{name}"),))
        block = self.module.outputs[name]
        if "known" in block:
            return block["known"]
        return self.named("output", name, lambda: self.argument(block.get("value")))

    def argument(self, raw: Any) -> Any:
        """The value of an argument as written."""
        return self.evaluator.argument(raw)

    def provider(self, key: str, name: str) -> Any:
        """An argument of a provider's configuration; None when it is not set."""
        configured = self.stack.providers.get(key)
        if configured is None or configured.get(name) is None:
            return None
        root = self.whole.scope(self.stack.name)
        return root.named(f"provider.{key}", name, lambda: root.argument(configured[name]))

    def call(self, name: str) -> Any:
        """What ``module.<name>`` stands for."""
        path = f"{self.module.path}.module.{name}" if self.module.path else f"module.{name}"
        child = self.whole.find(self.stack.name, path)
        if child is None:
            return Unknown(
                "the module's contents are not part of the input", refs=(self.qualified(f"module.{name}"),)
            )
        return Outputs(child, self.qualified(f"module.{name}"))


class Members(Namespace):
    """A root whose members are looked up by name."""

    __slots__ = ("_look", "_reference")

    def __init__(self, reference: str, look: Callable[[str], Any]) -> None:
        self._look = look
        self._reference = reference

    def member(self, name: str) -> Any:
        return self._look(name)

    def whole(self) -> Unknown:
        return Unknown("a whole namespace is not a value", refs=(self._reference,), exact=False)


class OfType(Namespace):
    """``<type>`` or ``data.<type>``: its members are resources."""

    __slots__ = ("_mode", "_scope", "_type")

    def __init__(self, scope: ModuleScope, mode: str, type_: str) -> None:
        self._scope, self._mode, self._type = scope, mode, type_

    def member(self, name: str) -> Any:
        return self._scope.resource(self._mode, self._type, name)

    def whole(self) -> Unknown:
        return Unknown(
            f"{self._type[:40]} is not a value", refs=(self._scope.qualified(self._type),), exact=False
        )


class Outputs(Namespace):
    """The outputs of a module or of a stack."""

    __slots__ = ("_reference", "_scope")

    def __init__(self, scope: ModuleScope, reference: str) -> None:
        self._scope, self._reference = scope, reference

    def member(self, name: str) -> Any:
        return self._scope.output(name)

    def whole(self) -> Unknown:
        return Unknown("outputs as a whole are not evaluated", refs=(self._reference,), exact=False)


def _terraform(scope: ModuleScope) -> Members:
    return Members(
        scope.qualified("terraform"), lambda name: Unknown(f"terraform.{name} is known only when it runs")
    )


def _path(scope: ModuleScope) -> Members:
    return Members(scope.qualified("path"), lambda name: Unknown(f"path.{name} is known only when it runs"))


def _data(scope: ModuleScope) -> Members:
    return Members(scope.qualified("data"), lambda name: OfType(scope, "data", name))


def _outside(name: str) -> Callable[[ModuleScope], Members]:
    return lambda scope: Members(
        scope.qualified(name), lambda member: Unknown(f"{name}.{member} has no value here")
    )


_ROOTS: dict[str, Callable[[ModuleScope], Namespace]] = {
    "var": lambda scope: Members(scope.qualified("var"), scope.variable),
    "local": lambda scope: Members(scope.qualified("local"), scope.local),
    "module": lambda scope: Members(scope.qualified("module"), scope.call),
    "data": _data,
    "terraform": _terraform,
    "path": _path,
    "each": _outside("each"),
    "count": _outside("count"),
    "self": _outside("self"),
}
