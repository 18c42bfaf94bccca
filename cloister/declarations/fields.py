"""The kinds of values a declaration is made of, each with its rule, its message and its JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv4Network
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cloister.declarations.mistakes import shown

Item = TypeVar("Item")


class Declared(BaseModel):
    """A mapping of a declaration: unknown keys are errors, nothing is converted, nothing changes later."""

    # Built on first use: a command pays only for the files it reads.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


# YAML lists become tuples: a declaration never changes after it was read.
Listed = Annotated[tuple[Item, ...], Strict(False)]


def wrong(found: object, expected: str, cure: str = "") -> PydanticCustomError:
    """The error of a value that breaks a rule, worded `found X, expected Y; cure`."""
    message = f"found {shown(found)}, expected {expected}" + (f"; {cure}" if cure else "")
    return PydanticCustomError("declaration", "{message}", {"message": message})


def unbuilt() -> PydanticCustomError:
    """The error of a key that the design names and this version does not act on."""
    return PydanticCustomError("declaration", "not built yet; remove it")


@dataclass(frozen=True)
class Shape:
    """A string that matches `pattern` wholly; `expected` says the rule in words."""

    pattern: str
    expected: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        compiled = re.compile(self.pattern)

        def check(value: str) -> str:
            if not compiled.fullmatch(value):
                raise wrong(value, self.expected)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "description": self.expected}


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds, both included; `what` is the thing counted."""

    minimum: int
    maximum: int
    what: str

    @property
    def expected(self) -> str:
        return f"a whole number of {self.what} from {self.minimum} to {self.maximum}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: int) -> int:
            if not self.minimum <= value <= self.maximum:
                raise wrong(value, self.expected)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "integer",
            "minimum": self.minimum,
            "maximum": self.maximum,
            "description": self.what,
        }


def _real_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise wrong(value, "a date that exists, as 2027-03-31")


Day = Annotated[
    date,
    BeforeValidator(_real_date),
    WithJsonSchema({"type": "string", "format": "date", "description": "the last day on which it holds"}),
]

Since = Annotated[
    date,
    BeforeValidator(_real_date),
    WithJsonSchema({"type": "string", "format": "date", "description": "the first day on which it holds"}),
]


def _range(value: object) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if isinstance(value, str) and re.fullmatch(r"[\d.]+/\d+", value):
        try:
            return IPv4Network(value)
        except ValueError as error:
            if "host bits" in str(error):
                raise wrong(value, f"the range's first address, {IPv4Network(value, strict=False)}") from None
    raise wrong(value, "an IPv4 range, as 10.10.0.0/20")


Range = Annotated[
    IPv4Network,
    BeforeValidator(_range),
    WithJsonSchema({"type": "string", "description": "an IPv4 range, as 10.10.0.0/20"}),
]

# Google Cloud: 6 to 30 lower-case letters, digits and hyphens, beginning with a letter.
ProjectId = Annotated[
    str, Shape(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id: 6 to 30 of a-z, 0-9 and -, from a letter")
]
ProjectNumber = Annotated[
    str, Shape(r"[1-9][0-9]{5,18}", 'the project\'s number in quotes, as "111122223333"')
]
Domain = Annotated[
    str, Shape(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain, as acme.example")
]
# A region, or a multi-region such as eu.
Place = Annotated[str, Shape(r"[a-z]+(?:-[a-z]+[0-9]{1,2})?", "a Google Cloud location, as europe-west1")]
Region = Annotated[str, Shape(r"[a-z]+-[a-z]+[0-9]{1,2}", "a Google Cloud region, as europe-west1")]
BucketName = Annotated[
    str, Shape(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", "a bucket name: 3 to 63 of a-z, 0-9, -, _ and .")
]
# A run's Kubernetes objects carry <job>-<run_id>, 25 characters more, in a label of 63.
JobName = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]{0,36}[a-z0-9])?", "a job name of a-z, 0-9 and -, from a letter, at most 38 long"
    ),
]
Email = Annotated[
    str,
    Shape(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,63}", "an e-mail address, as security@acme.example"),
]
Member = Annotated[
    str,
    Shape(
        r"(?:user|group|serviceAccount):[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,63}",
        "a member: user:, group: or serviceAccount: and an address",
    ),
]
# Whom security may trust: also a whole domain, or a principal of a federation.
Trustee = Annotated[
    str,
    Shape(
        r"(?:user|group|serviceAccount):[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,63}"
        r"|domain:[a-z0-9.-]+\.[a-z]{2,63}|principal(?:Set)?://iam\.googleapis\.com/\S+",
        "a member: user:, group: or serviceAccount: and an address",
    ),
]
ChannelId = Annotated[str, Shape(r"[A-Z][A-Z0-9]{1,3}-[0-9]{2}", "a channel of the catalogue, as IAM-01")]
Said = Annotated[str, Shape(r"[\s\S]*\S[\s\S]*", "a few words")]
# A digest, never a tag: a tag can be moved to another image after the proof.
ImageByDigest = Annotated[
    str,
    Shape(
        r"[a-z0-9.-]+(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}",
        "an image by digest, REGISTRY/PATH@sha256: and 64 hex digits",
    ),
]
ImagePrefix = Annotated[
    str,
    Shape(
        r"[a-z0-9.-]+(?:/[a-z0-9._-]+)+/",
        "a registry path that ends in /, as europe-west1-docker.pkg.dev/acme-ml-prod/",
    ),
]
RelativePath = Annotated[
    str,
    Shape(r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^\x00-\x1f\\]+", "a path relative to this file's tree, without .."),
]


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    f"{letter}i": 1024**power for power, letter in enumerate("KMGT", start=1)
}


def memory_bytes(quantity: str) -> int:
    """Bytes of a Kubernetes memory quantity such as `256Gi`."""
    match = re.fullmatch(r"([0-9]+)([A-Za-z]*)", quantity)
    if not match or match[2] not in _UNITS:
        raise ValueError(f"not a memory quantity: {quantity}")
    bytes_each: int = _UNITS[match[2]]
    return int(match[1]) * bytes_each


Memory = Annotated[str, Shape(r"[1-9][0-9]*(?:[KMGT]i|[kMGT])?", "a memory quantity, as 16Gi")]


def duration_seconds(duration: str) -> int:
    """Seconds of a duration such as `90s`, `30m`, `2h` or `1h30m`."""
    match = re.fullmatch(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?", duration)
    if not match or not duration:
        raise ValueError(f"not a duration: {duration}")
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds


Duration = Annotated[
    str,
    Shape(r"(?=[1-9])(?:[0-9]{1,4}h)?(?:[0-9]{1,4}m)?(?:[0-9]{1,6}s)?", "a duration, as 30m, 2h or 1h30m"),
]

Currency = Annotated[str, Shape(r"[A-Z]{3}", "a currency code, as EUR")]

# GKE's accelerator label values, and how many of each.
_GPU = Shape(r"nvidia-[a-z0-9-]{2,40}", "a GPU type, as nvidia-l4")
_COUNT = Whole(1, 1024, "GPUs")
GpuType = Annotated[str, _GPU]
Gpus = Annotated[
    dict[GpuType, Annotated[int, _COUNT]],
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {
                f"^(?:{_GPU.pattern})$": {"type": "integer", "minimum": 1, "maximum": 1024}
            },
            "additionalProperties": False,
            "description": "how many of each GPU type, as {nvidia-l4: 4}",
        }
    ),
]
