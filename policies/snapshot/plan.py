"""A plan, as ``terraform show -json`` prints it, to a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.snapshot.blocks import shown
from policies.snapshot.expression_trees import argument
from policies.snapshot.model import Input, InputError, Module, Resource, Stack

MAJOR = "1"
_GENERIC = ("plan", "tfplan", "terraform", "show")


def is_plan(tree: Mapping[str, Any]) -> bool:
    """Whether a JSON tree is a plan."""
    return "planned_values" in tree or "resource_changes" in tree


def plan_stack(tree: Mapping[str, Any], source: Input) -> Stack:
    """The stack a plan describes, as it will be after apply. Raises ``InputError`` for a plan of another format."""
    _check_version(tree, source)
    try:
        return _Reader(tree, source).stack()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{source.path}: not a whole plan: {_said(error)}") from None


def _check_version(tree: Mapping[str, Any], source: Input) -> None:
    version = tree.get("format_version")
    made_by = tree.get("terraform_version")
    by = f" (of Terraform {made_by})" if isinstance(made_by, str) else ""
    if not isinstance(version, str):
        raise InputError(f"{source.path}: a plan without its format_version")
    if version.split(".")[0] != MAJOR:
        raise InputError(f"{source.path}: plan format {version[:20]}{by} is not read: format {MAJOR}.x is")


def _said(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else "a part of it has another shape"


def _object(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(shown(value))
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(shown(value))
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(shown(value))
    return value


class _Reader:
    def __init__(self, tree: Mapping[str, Any], source: Input) -> None:
        self.tree = tree
        self.name = plan_name(Path(source.path))
        self.stack_ = Stack(self.name, "plan", source, backend_known=False)
        self.root = _object(_object(tree["configuration"]).get("root_module"))
        self.unknown: dict[str, Any] = {}
        self.declared: dict[tuple[str, str], Mapping[str, Any]] = {}

    def stack(self) -> Stack:
        stack = self.stack_
        self.changes()
        self.declare("", self.root)
        self.providers()
        values = _object(self.tree.get("planned_values"))
        stack.resources = list(self.resources(_object(values.get("root_module")), ""))
        here = {resource.address for resource in stack.resources}
        prior = _object(_object(self.tree.get("prior_state")).get("values"))
        stack.resources += [
            resource
            for resource in self.resources(_object(prior.get("root_module")), "")
            if resource.mode == "data" and resource.address not in here
        ]
        for resource in stack.resources:
            if resource.module_path and resource.module_path not in stack.children:
                raise KeyError(resource.module_path)
        stack.variables = dict(_object(self.root.get("variables")))
        stack.given = {
            name: _object(v).get("value") for name, v in _object(self.tree.get("variables")).items()
        }
        stack.outputs = self.outputs(self.root, _object(values.get("outputs")))
        for name, call in _object(self.root.get("module_calls")).items():
            arguments = {key: argument(value) for key, value in _object(call.get("expressions")).items()}
            stack.modules[name] = {"source": call.get("source"), **arguments}
            if call.get("version_constraint"):
                stack.modules[name] = {**stack.modules[name], "version": call["version_constraint"]}
        self.notes()
        return stack

    def changes(self) -> None:
        notes = self.stack_.notes
        for change in _list(self.tree.get("resource_changes")):
            address, what = _text(change["address"]), _object(change["change"])
            self.unknown[address] = what.get("after_unknown")
            actions = _list(what.get("actions"))
            if "forget" in actions:
                notes.append(("forget", address))
            elif actions == ["delete"]:
                notes.append(("destroy", address))
            if what.get("importing"):
                notes.append(("import", f"{address} {_object(what['importing']).get('id')}"))
            if change.get("previous_address"):
                notes.append(("moved", f"{change['previous_address']} {address}"))

    def declare(self, path: str, module: Mapping[str, Any]) -> None:
        """The configuration of a module and of those it calls."""
        for resource in _list(module.get("resources")):
            self.declared[path, _text(resource["address"])] = resource
            if resource.get("mode") == "ephemeral":
                self.stack_.notes.append(("unread", f"{resource['address']}, which is ephemeral"))
        for name, call in _object(module.get("module_calls")).items():
            below = _object(call.get("module"))
            child = f"{path}.module.{name}" if path else f"module.{name}"
            self.stack_.children[child] = Module(
                child,
                variables=dict(_object(below.get("variables"))),
                outputs=self.outputs(below, {}),
                inputs={key: argument(value) for key, value in _object(call.get("expressions")).items()},
            )
            self.declare(child, below)

    def outputs(self, module: Mapping[str, Any], planned: Mapping[str, Any]) -> dict[str, Any]:
        """Output blocks; ``known`` is the planned value where the plan has one."""
        found: dict[str, Any] = {}
        for name, output in _object(module.get("outputs")).items():
            block = {
                "value": argument(_object(output.get("expression"))),
                "sensitive": output.get("sensitive", False),
            }
            if "value" in _object(planned.get(name)):
                block["known"] = planned[name]["value"]
            found[name] = block
        return found

    def providers(self) -> None:
        for entry in _object(_object(self.tree["configuration"]).get("provider_config")).values():
            name, alias = _text(entry["name"]), entry.get("alias")
            key = f"{name}.{alias}" if alias else name
            expressions = {key: argument(value) for key, value in _object(entry.get("expressions")).items()}
            if not entry.get("module_address"):
                self.stack_.providers[key] = expressions
            self.stack_.required_providers.setdefault(name, _requirement(entry.get("full_name")))

    def resources(self, module: Mapping[str, Any], address: str) -> Iterator[Resource]:
        for item in _list(module.get("resources")):
            declared = self.declared.get((_path(address), _declared_address(item)), {})
            type_, name = _text(item["type"]), _text(item["name"])
            prefix = f"{address}." if address else ""
            data = "data." if item["mode"] == "data" else ""
            key = item.get("index")
            if isinstance(key, Mapping | list | bool):
                raise ValueError(shown(key))
            shown_key = "" if key is None else f'["{key}"]' if isinstance(key, str) else f"[{key}]"
            provider = item.get("provider_name")
            if isinstance(provider, str):
                self.stack_.required_providers.setdefault(provider.rsplit("/", 1)[-1], _requirement(provider))
            yield Resource(
                f"{self.name}/{prefix}{data}{type_}.{name}{shown_key}", self.name, type_, name,
                _object(item["values"]), "data" if data else "managed", key, address,
                meta=_meta(declared),
                configured={key: argument(v) for key, v in _object(declared.get("expressions")).items()},
                unknown=_object(self.unknown.get(item["address"])),
                provider=_provider_key(declared),
            )  # fmt: skip
        for child in _list(module.get("child_modules")):
            yield from self.resources(child, _text(child["address"]))

    def notes(self) -> None:
        notes, tree = self.stack_.notes, self.tree
        for change in _list(tree.get("resource_drift")):
            changed = _changed(_object(change.get("change")))
            if changed:
                notes.append(("drift", f"{change['address']}: {', '.join(changed)}"))
        for action in _list(tree.get("action_invocations")):
            notes.append(("unread", f"the action {_object(action).get('address')}"))
        for deferred in _list(tree.get("deferred_changes")):
            notes.append(("deferred", str(_object(deferred.get("resource_change")).get("address"))))
        if tree.get("complete") is False:
            notes.append(
                ("incomplete", "more changes will follow: the plan was targeted, or parts of it deferred")
            )
        if tree.get("errored") is True:
            notes.append(("errored", "planning ended with an error"))


def _changed(change: Mapping[str, Any]) -> list[str]:
    """The arguments that differ; what was deleted or made outside is named so."""
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ["deleted"] if isinstance(before, Mapping) else []
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def plan_name(path: Path) -> str:
    """The stack a plan is of, by its file's name; a generic name says nothing, its folder's then does."""
    stem = path.name.split(".")[0]
    folder = path.resolve().parent
    return folder.name if stem in _GENERIC and folder.parent.name == "stacks" else stem


def _path(address: str) -> str:
    return Resource("", "", "", "", {}, module=address).module_path


def _declared_address(item: Mapping[str, Any]) -> str:
    """The address within its module and without a key, as the configuration section writes it."""
    return f"{'data.' if item['mode'] == 'data' else ''}{item['type']}.{item['name']}"


def _requirement(full_name: Any) -> dict[str, Any]:
    return {"source": str(full_name).removeprefix("registry.terraform.io/")}


def _provider_key(declared: Mapping[str, Any]) -> str:
    """``google.alias`` from ``module.m:google.alias``."""
    return str(declared.get("provider_config_key") or "").rpartition(":")[2]


def _meta(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Meta-arguments in the form the JSON syntax gives them."""
    meta: dict[str, Any] = {}
    provisioners = [
        {item["type"]: {key: argument(value) for key, value in _object(item.get("expressions")).items()}}
        for item in _list(declared.get("provisioners"))
    ]
    if provisioners:
        meta["provisioner"] = provisioners
    return meta
