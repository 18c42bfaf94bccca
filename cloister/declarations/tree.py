"""A tree of declarations while it is being checked: what could be read of each file, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar, cast

from pydantic import create_model

from cloister.declarations.boundary import Boundary
from cloister.declarations.fields import Declared
from cloister.declarations.messages import place
from cloister.declarations.mistakes import Mistake, shown
from cloister.declarations.platform import Platform
from cloister.declarations.source import Location, Source
from cloister.declarations.team import Team

Model = TypeVar("Model", bound=Declared)
Part = TypeVar("Part")
Other = TypeVar("Other")


class Unreadable(Exception):
    """A rule asked for a part of a file that could not be read."""


class _Partial:
    """Stands for a model of which some keys could not be read; those raise Unreadable."""

    def __init__(self, readable: Declared | None) -> None:
        self._readable = readable

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._readable, name)
        except AttributeError:
            raise Unreadable(name) from None


@dataclass(frozen=True)
class File(Generic[Model]):
    """One file: its typed value, complete or as far as it could be read, and its source."""

    source: Source
    value: Model

    def part(self, get: Callable[[Model], Part], otherwise: Other) -> Part | Other:
        """A part of the file, or `otherwise` where it could not be read."""
        try:
            return get(self.value)
        except Unreadable:
            return otherwise

    def mistake(self, location: Location, message: str, *, key: bool = False) -> Mistake:
        """A mistake at a place of this file."""
        line = self.source.line(location, key=key)
        return Mistake(self.source.file, line, f"{place(location)}: {message}")

    def wrong(self, location: Location, found: object, expected: str, cure: str = "") -> Mistake:
        """A mistake worded `found X, expected Y; cure`."""
        return self.mistake(location, f"found {shown(found)}, expected {expected}{cure}")


@dataclass(frozen=True)
class Tree:
    """All files of a tree; `today` decides what has expired."""

    boundary: File[Boundary]
    platform: File[Platform]
    teams: tuple[File[Team], ...]
    today: date

    def named(self) -> Iterator[tuple[str, File[Team]]]:
        """The team files whose name could be read, with it."""
        for file in self.teams:
            if name := file.part(lambda team: team.team, ""):
                yield name, file


Rule = Callable[[Tree], Iterator[Mistake]]


def salvage(model: type[Model], value: Any, broken: set[Any]) -> Model:
    """What can be read of a mapping when the top-level keys in `broken` cannot."""
    if not isinstance(value, dict):
        return cast(Model, _Partial(None))
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation(), field)
        for name, field in model.model_fields.items()
        if (field.alias or name) not in broken
    }
    readable = create_model(model.__name__, __base__=Declared, **fields)
    kept = {key: item for key, item in value.items() if key in fields}
    return cast(Model, _Partial(readable.model_validate(kept)))
