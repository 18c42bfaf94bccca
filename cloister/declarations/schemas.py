"""JSON Schemas of the declarations, for editors that complete and check the files."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from cloister.declarations.boundary import Boundary
from cloister.declarations.fields import Declared
from cloister.declarations.job import Job
from cloister.declarations.platform import Platform
from cloister.declarations.team import Team

MODELS: dict[str, type[Declared]] = {"boundary": Boundary, "platform": Platform, "team": Team, "job": Job}


class _Untitled(GenerateJsonSchema):
    """Without a title per field: `Max Run Hours` tells an editor nothing that `max_run_hours` does not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one declaration: boundary, platform, team or job."""
    model = MODELS[name]
    body = model.model_json_schema(by_alias=True, schema_generator=_Untitled)
    return {"$schema": GenerateJsonSchema.schema_dialect, **body}
