"""Pools and what teams may ask of them."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations import local_ssd
from cloister.declarations.gpus import REGIONS, SERIES
from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.tree import Rule, Tree


def bounds(tree: Tree) -> Iterator[Mistake]:
    """A pool may have at least as many nodes as it always has."""
    for index, pool in enumerate(tree.platform.value.pools):
        if pool.min > pool.max:
            yield tree.platform.wrong(("pools", index, "min"), pool.min, f"at most max, {pool.max}")


def machines(tree: Tree) -> Iterator[Mistake]:
    """A pool has GPUs of one type that the platform runs on, on machines that carry it."""
    for index, pool in enumerate(tree.platform.value.pools):
        location = ("pools", index, "gpus")
        if len(pool.gpus) > 1:
            yield tree.platform.wrong(location, ", ".join(pool.gpus), "one type; a pool's nodes are alike")
            continue
        for gpu in pool.gpus:
            series = SERIES.get(gpu)
            if series is None:
                expected = f"a GPU type that the platform runs on: {', '.join(SERIES)}"
                yield tree.platform.wrong((*location, gpu), gpu, expected, nearest(gpu, SERIES))
            elif pool.machine.partition("-")[0] != series:
                expected = f"a machine of the {series} series, which carries {gpu}"
                yield tree.platform.wrong(("pools", index, "machine"), pool.machine, expected)


def offered(tree: Tree) -> Iterator[Mistake]:
    """Google offers a pool's GPU in the platform's region."""
    region = tree.platform.value.region
    for index, pool in enumerate(tree.platform.value.pools):
        for gpu in pool.gpus:
            regions = REGIONS.get(gpu, [region])  # of a type that nobody knows, `machines` tells
            if region not in regions:
                expected = f"a GPU offered in {region}; {gpu} is offered in {', '.join(regions)}"
                yield tree.platform.wrong(("pools", index, "gpus"), gpu, expected)


def disks(tree: Tree) -> Iterator[Mistake]:
    """A pool has as many local SSDs as its machines take."""
    for index, pool in enumerate(tree.platform.value.pools):
        if pool.local_ssd is None:
            continue
        location, counts = ("pools", index, "local_ssd"), local_ssd.counts(pool.machine, pool.gpus)
        if not counts:
            expected = (
                f"none: {pool.machine} takes no local SSDs, or brings its own; remove it, or choose a machine of "
                f"{', '.join(local_ssd.SERIES)}"
            )
            yield tree.platform.wrong(location, pool.local_ssd, expected)
        elif pool.local_ssd not in counts:
            expected = f"{' or '.join(map(str, counts))} on {pool.machine}"
            yield tree.platform.wrong(location, pool.local_ssd, expected)


def prices(tree: Tree) -> Iterator[Mistake]:
    """Prices name the pools' GPUs, all of them and no other: one left out would make every estimate too low."""
    found = tree.platform.value.prices
    pooled = sorted({gpu for pool in tree.platform.value.pools for gpu in pool.gpus})
    for gpu in found.gpus if found else ():
        if gpu not in pooled:
            expected = f"a GPU of a pool: {', '.join(pooled) or 'none has GPUs'}"
            yield tree.platform.wrong(("prices", "gpus", gpu), gpu, expected, nearest(gpu, pooled))
    missing = [gpu for gpu in pooled if found and gpu not in found.gpus]
    if missing:
        message = f"no price of {', '.join(missing)}, which a pool has; add it under gpus"
        yield tree.platform.mistake(("prices",), message, key=True)


def quotas(tree: Tree) -> Iterator[Mistake]:
    """A team's quota names GPUs that some pool has."""
    pooled = sorted({gpu for pool in tree.platform.value.pools for gpu in pool.gpus})
    for file in tree.teams:
        gpus = file.part(lambda team: team.quota.gpus, {})
        for gpu in gpus:
            if gpu not in pooled:
                expected = f"a GPU of a pool in platform.yaml: {', '.join(pooled) or 'none has GPUs'}"
                yield file.wrong(("quota", "gpus", gpu), gpu, expected, nearest(gpu, pooled))


RULES: tuple[Rule, ...] = (bounds, machines, offered, disks, prices, quotas)
