"""The CEL evaluator, loaded lazily and without its command line."""

from __future__ import annotations

import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType


@cache
def cel() -> ModuleType:
    """The evaluator's extension module (``compile``, ``evaluate``, ``Context``) of common-expression-language.

    The package around it imports a terminal toolkit, which takes as long as a whole check of two teams.
    """
    if loaded := sys.modules.get("cel.cel"):
        return loaded  # a second instance in one process is refused by its own logger
    package = PathFinder.find_spec("cel")
    inner = PathFinder.find_spec("cel", package.submodule_search_locations) if package else None
    if inner is None or inner.loader is None:
        raise ImportError("common-expression-language is not installed", name="cel")
    module = module_from_spec(inner)
    inner.loader.exec_module(module)
    return sys.modules.setdefault("cel.cel", module)
