"""Mutations of JSON trees for Hypothesis: what a hand, a script or an attacker might do to a configuration."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

# Values that a channel may meet anywhere instead of what it expects.
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, 10**30, "", " ", "x", "0.0.0.0/0", "300.1.2.3/99", "::/0", "all", "*", "projects/", "//",
    "projects/other-project/topics/t", "serviceAccount:", "allUsers", "user:", "principal://", "roles/none", "roles/owner",
    [], [None], [[]], [{}], {}, {"": ""}, {"a": None}, [1, "a", None, {}], "${", "${var.none}", "${local.none}",
    "${google_storage_bucket.team_a_raw}", "${google_storage_bucket.team_a_raw.name}", "${timestamp()}", "${1 / 0}",
    "${[for x in", "%{ if true }", "$${x}", "${null}", "${[]}", "${{}}", "\u0000", "\ud83d\ude00", "é" * 300, "(" * 200,
    "a == b && (", "\n", "true", "-", "1-", "tcp:99999", "2001:db8::/200", "9" * 300, "https://", "http://[::1", "gs://",
)  # fmt: skip

odd = st.sampled_from(ODD).map(copy.deepcopy)  # a later mutation may go inside
words = st.text(max_size=12)
trees = st.recursive(odd | words | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, tree: Any, most: int = 4) -> Any:
    """The tree with up to ``most`` of its places replaced, removed, doubled, or given a key of another place."""
    result = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, most))):
        _mutate(draw, result)
    return result


def _mutate(draw: st.DrawFn, tree: Any) -> None:
    holder, key = _place(draw, tree)
    if holder is None:
        return
    action = draw(
        st.sampled_from(["odd", "odd", "tree", "remove", "double", "list", "unlist", "elsewhere", "key"])
    )
    if action == "odd":
        holder[key] = draw(odd)
    elif action == "tree":
        holder[key] = draw(trees)
    elif action == "remove":
        del holder[key]
    elif action == "double":
        holder[key] = [holder[key], copy.deepcopy(holder[key])]
    elif action == "list":
        holder[key] = [holder[key]]
    elif action == "unlist":
        if isinstance(holder[key], list) and holder[key]:
            holder[key] = holder[key][0]
    elif action == "elsewhere":
        other, name = _place(draw, tree)
        if other is not None:
            holder[key] = copy.deepcopy(other[name])
    elif isinstance(holder, dict):
        holder[draw(words)] = holder.pop(key)


def _place(draw: st.DrawFn, tree: Any) -> tuple[Any, Any]:
    """A random place: the object or array that holds it, and its key."""
    holder, key = None, None
    node = tree
    for _ in range(draw(st.integers(1, 12))):
        if isinstance(node, dict) and node:
            inner: Any = draw(st.sampled_from(sorted(node)))
        elif isinstance(node, list) and node:
            inner = draw(st.integers(0, len(node) - 1))
        else:
            break
        holder, key = node, inner
        node = node[inner]
    return holder, key
