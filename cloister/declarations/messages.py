"""From pydantic's errors to lines a person can act on."""

from __future__ import annotations

from pydantic import ValidationError

from cloister.declarations.fields import Declared
from cloister.declarations.mistakes import Mistake
from cloister.declarations.source import Source


def mistakes_of(error: ValidationError, source: Source, model: type[Declared]) -> list[Mistake]:
    """One mistake per error, with the line of the value (or key) it is about."""
    return [
        Mistake(source.file, source.line(tuple(item["loc"])), f"{item['loc']}: {item['msg']}")
        for item in error.errors()
    ]
