"""What Google's APIs have in common, as its provider for Terraform uses them: things with full names, and operations."""

from __future__ import annotations

from typing import Any

from tests.googleapis import Answer, Request, refusal


class Things:
    """`things` are resources by full name; `deleted` what was taken away. Nothing is made twice, or found when gone."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []

    def create(self, request: Request, name: str) -> Answer:
        """Keep the request's body under `name`."""
        if name in self.things:
            return refusal(409, f"{name} already exists.")
        self.things[name] = told(request.body or {}) | {"name": name, "createTime": "2026-01-01T00:00:00Z"}
        return Answer(200, self.things[name])

    def get(self, request: Request) -> Answer:
        name = self.name(request)
        return Answer(200, self.things[name]) if name in self.things else refusal(404, f"{name} not found.")

    def patch(self, request: Request) -> Answer:
        self.things[self.name(request)] |= request.body
        return Answer(200, self.things[self.name(request)])

    def delete(self, request: Request) -> Answer:
        name = self.name(request)
        if name not in self.things:
            return refusal(404, f"{name} not found.")
        self.deleted.append(name)
        del self.things[name]
        return Answer()

    def name(self, request: Request) -> str:
        """The full name that a path ends with, after the API's version."""
        return request.path.partition("/")[2].partition("/")[2]


def operation(answer: Answer) -> Answer:
    """The answer as that of an operation, which is done at once here."""
    if answer.status != 200:
        return answer
    return Answer(200, {"name": "operations/done", "done": True, "response": answer.body})


def told(value: Any) -> Any:
    """A body as Google tells it again: without what is false, empty or null."""
    match value:
        case dict():
            return {key: kept for key, item in value.items() if (kept := told(item))}
        case list():
            return [told(item) for item in value]
        case _:
            return value
