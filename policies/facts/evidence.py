"""What a sentence of the proof stands on: steps of a path, and controls that cut one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a witness path, readable as a sentence: ``source`` reaches ``target`` ``because`` ...

    ``address`` and ``attribute`` name the configuration that makes the edge (empty when a default does).
    """

    source: str
    target: str
    because: str
    address: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A fact that cuts a channel: the resource and the attribute it was read from."""

    address: str
    attribute: str
