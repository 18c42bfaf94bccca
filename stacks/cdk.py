"""The one place that imports an engine: cdktf 0.21 as published, or its fork cdktn (`CLOISTER_ENGINE=cdktn`).

Resources are written as plain data in Terraform's own words:

    google.StorageBucket(scope, "data", name="...", encryption={"default_kms_key_name": key})

Importing a provider's bindings whole takes 15 s; here a bare package stands in for it, which loads the jsii
assembly and then only the modules of the resources in use, on Python's side and on Node's (lazy_bindings.cjs).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

ENGINES = ("cdktf", "cdktn")
ENGINE = os.environ.get("CLOISTER_ENGINE") or "cdktf"
if ENGINE not in ENGINES:
    raise SystemExit(f"CLOISTER_ENGINE is {ENGINE!r}: expected cdktf or cdktn")


def _prepare_node() -> None:
    """Let jsii run on the Node that came with this Python environment, not on whichever the machine has, and let that
    Node load a provider's bindings as they are used.
    """
    node = os.path.join(os.path.dirname(sys.executable), "node")
    if os.path.exists(node):
        os.environ.setdefault("JSII_NODE", node)
    hook = os.path.join(os.path.dirname(__file__), "lazy_bindings.cjs").replace("\\", "\\\\")
    option = f'--require "{hook}"'
    given = os.environ.get("NODE_OPTIONS", "")
    if option not in given:
        os.environ["NODE_OPTIONS"] = f"{given} {option}".strip()


_prepare_node()
_core = importlib.import_module(ENGINE)

App = _core.App
TerraformStack = _core.TerraformStack
GcsBackend = _core.GcsBackend
TerraformOutput = _core.TerraformOutput
TerraformResource = _core.TerraformResource
DataTerraformRemoteStateGcs = _core.DataTerraformRemoteStateGcs

# Told of every resource and data source, and of the frame that makes it, where somebody wants to know (stacks/table.py).
observer: Callable[[Any, types.FrameType], None] | None = None

_META_ARGUMENTS = frozenset({"lifecycle", "depends_on", "provider", "count", "for_each", "connection"})


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _fitted(module: types.ModuleType, owner: Any, prefix: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as `owner`, a resource or block of the bindings, takes them: mappings become its blocks' structs.

    jsii converts a plain mapping at the top of an argument only, never inside a list. Which blocks are lists differs
    between engines: a single mapping is put into a list where the bindings want one.
    """
    fitted = {}
    for key, value in attributes.items():
        if value is None:
            continue
        struct = prefix + _pascal(key)
        block = getattr(module, struct, None)
        if block is None or key in _META_ARGUMENTS:  # a value or a Terraform map
            fitted[key] = value
            continue
        items = value if isinstance(value, (list, tuple)) else [value]
        blocks = [block(**_fitted(module, block, struct, item)) for item in items]
        wants_list = "Sequence" in str(owner.__init__.__annotations__[key])
        fitted[key] = blocks if wants_list else blocks[0]
    return fitted


def attribute(resource: Any, path: str) -> str:
    """A reference to what only the provider knows of a resource, in Terraform's words: `metadata[0].name`."""
    return f"${{{resource.terraform_resource_type}.{resource.friendly_unique_id}.{path}}}"


class _Provider:
    """A provider's resources and data sources by class name, each module imported on first use."""

    def __init__(self, package: str) -> None:
        self._package = package

    def _load(self) -> None:
        if self._package in sys.modules:
            return
        spec = importlib.util.find_spec(self._package)
        if spec is None or spec.submodule_search_locations is None:
            raise SystemExit(f"the engine {ENGINE} needs the Python package {self._package}: make setup")
        bare = types.ModuleType(self._package)
        bare.__path__ = list(spec.submodule_search_locations)
        bare.__spec__ = spec
        sys.modules[self._package] = bare
        importlib.import_module(f"{self._package}._jsii")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._load()
        module_name = "provider" if name.endswith("Provider") else _snake(name)
        module = importlib.import_module(f"{self._package}.{module_name}")
        resource = getattr(module, name)

        def create(scope: Any, id_: str, **attributes: Any) -> Any:
            made = resource(scope, id_, **_fitted(module, resource, name, attributes))
            if observer is not None:
                observer(made, sys._getframe(1))
            return made

        self.__dict__[name] = create
        return create


_PACKAGES = {
    "cdktf": ("cdktf_cdktf_provider_google", "cdktf_cdktf_provider_kubernetes"),
    "cdktn": ("cdktn_provider_google", "cdktn_provider_kubernetes"),
}
google: Any = _Provider(_PACKAGES[ENGINE][0])
kubernetes: Any = _Provider(_PACKAGES[ENGINE][1])
