"""SRV-06: what nobody has modelled is undecided. This is what makes the catalogue complete."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Evidence, Leak, Step
from policies.channels.registry import channel
from policies.facts.types import entry
from policies.facts.world import World


@channel("SRV-06")
def every_type_is_modelled(world: World) -> Iterator[Evidence]:
    """Every resource and data source is of a type that a channel judges or that is declared harmless."""
    for type_ in world.types:
        row = entry(type_)
        if row is not None and row.kind != "undecided":
            continue
        missing = row.text if row is not None else "no version of the provider that the proof knows has it"
        for res in world.of(type_):
            yield Leak(
                "undecided", res.subject,
                f"`{res.address}` is a {type_.removeprefix('data.')}, a type that no channel judges ({missing}): "
                "what it holds, sends or grants is not known.",
                (Step(res.subject, "unknown", f"{type_} is not modelled", res.address),),
                f"remove {res.address}, or model {type_} in policies/data/types.tsv and a channel", res.address,
            )  # fmt: skip
