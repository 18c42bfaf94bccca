"""How many bytes of a sealed command's output reach the log: the runner counts them and drops the rest."""

from __future__ import annotations

from cloister.declarations import names
from policies.facts.kubernetes.objects import objects
from policies.facts.world import World

DEFAULT = 8 * 2**20  # runner/image/config.py; a test holds the two together
_SETTING = "CLOISTER_LOG_LIMIT"


def log_limit(world: World) -> int | None:
    """The most a run of any team may log, in bytes; None where a setting cannot be read."""
    most = DEFAULT
    for obj in objects(world, "ConfigMap"):
        value = obj.body.get("data", {}) if obj.name == names.CONFIG_MAP else {}
        given = value.get(_SETTING, str(DEFAULT)) if isinstance(value, dict) else None
        if not isinstance(given, str) or not given.isdecimal():
            return None
        most = max(most, int(given))
    return most
