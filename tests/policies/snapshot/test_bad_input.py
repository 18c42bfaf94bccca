"""Files that are no stacks: one clear line each, never a stack trace."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from policies.snapshot import InputError, load

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "data" / "reference"
PLAN = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "configuration": {}}

# name: (content, what the line says)
FILES: dict[str, tuple[bytes | dict[str, Any] | list[Any] | str, str]] = {
    "empty": (b"", "not JSON"),
    "truncated": ((REFERENCE / "cdk.tf.json").read_bytes()[:20_000], "not JSON"),
    "truncated plan": ((REFERENCE / "tfplan.json").read_bytes()[:-20], "not JSON"),
    "noise": (bytes(range(256)) * 16, "not UTF-8"),
    "latin-1": ('{"resource": {"é": {}}}'.encode("latin-1"), "not UTF-8: byte 15"),
    "utf-16": ('{"resource": {}}'.encode("utf-16"), "not UTF-8"),
    "byte order mark": (b'\xef\xbb\xbf{"resource": {}}', "not JSON"),
    "half a surrogate": (b'{"resource": {"a": {"\\ud800": {}}}}', "surrogate"),
    "hcl": (b'resource "google_storage_bucket" "b" {}', "not JSON"),
    "two documents": (b'{"resource": {}}\n{"resource": {}}', "not JSON"),
    "binary plan": (b"PK\x03\x04" + bytes(100), "terraform show -json"),
    "not a number": (b'{"resource": {"a": {"b": {"c": NaN}}}}', "NaN is not JSON"),
    "infinite": (b'{"resource": {"a": {"b": {"c": 1e999}}}}', "number too large"),
    "gigantic": (b'{"resource": {"a": {"b": {"c": ' + b"9" * 100_000 + b"}}}}", "number too large"),
    "deep arrays": (b"[" * 100_000, "nested deeper"),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper"),
    "a hundred and one": (b'{"resource":' + b"[" * 101 + b"]" * 101 + b"}", "nested deeper"),
    "duplicate resource": (b'{"resource": {"t": {"a": {"x": 1}, "a": {"x": 2}}}}', 'the key "a" stands twice'),
    "duplicate argument": (b'{"resource": {"t": {"a": {"role": 1, "role": 2}}}}', 'the key "role" stands twice'),
    "an array": ([], "its JSON is no object"),
    "a string": ("x", "its JSON is no object"),
    "something else": ({"a": 1}, "neither a synthesized stack nor a plan"),
    "a state": ({"format_version": "1.0", "values": {}}, "a state, not a plan"),
    "old plan": (PLAN | {"format_version": "0.1"}, "plan format 0.1 (of Terraform 1.11.4) is not read"),
    "new plan": (PLAN | {"format_version": "2.0"}, "plan format 2.0"),
    "plan without version": ({"planned_values": {}}, "without its format_version"),
    "version of another type": (PLAN | {"format_version": 1.2}, "without its format_version"),
    "plan without configuration": ({"format_version": "1.2", "planned_values": {}}, "configuration is missing"),
    "plan with a list for values": (PLAN | {"planned_values": []}, "another shape"),
    "plan with a string for resources": (
        PLAN | {"planned_values": {"root_module": {"resources": "x"}}}, "another shape",
    ),
    "plan with a nameless resource": (
        PLAN | {"planned_values": {"root_module": {"resources": [{"mode": "managed"}]}}}, "is missing",
    ),
    "plan with a module it does not configure": (
        PLAN | {"planned_values": {"root_module": {"child_modules": [{"address": "module.m", "resources": [
            {"address": "module.m.t.x", "mode": "managed", "type": "t", "name": "x", "values": {}}]}]}}},
        "module.m is missing",
    ),
    "plan with a string for a change": (PLAN | {"resource_changes": ["x"]}, "another shape"),
    "resource a string": ({"resource": "x"}, "resource: an object is needed, not a string"),
    "resource a list of strings": ({"resource": ["x"]}, "resource: an object is needed, not a string"),
    "a type a number": ({"resource": {"t": 1}}, "resource.t: an object is needed, not a number"),
    "a body a string": ({"resource": {"t": {"a": "x"}}}, "resource.t.a: an object is needed, not a string"),
    "a body twice": ({"resource": {"t": {"a": [{}, {}]}}}, "resource.t.a: stands twice"),
    "data a bool": ({"data": True}, "data: an object is needed, not a bool"),
    "provider a string": ({"provider": {"google": "x"}}, "provider.google: an object is needed"),
    "an alias that is none": ({"provider": {"google": [{"alias": 1}]}}, "provider.google.alias"),
    "terraform a string": ({"terraform": "x"}, "terraform: an object is needed"),
    "backend a string": ({"terraform": {"backend": "gcs"}}, "terraform.backend: an object is needed"),
    "backend without arguments": ({"terraform": {"backend": {"gcs": 1}}}, "terraform.backend.gcs"),
    "required_providers a list": ({"terraform": {"required_providers": ["google"]}}, "required_providers"),
    "variable a string": ({"variable": {"a": "x"}}, "variable.a: an object is needed"),
    "locals a string": ({"locals": "x"}, "locals: an object is needed"),
    "output a number": ({"output": {"a": 1}}, "output.a: an object is needed"),
    "module a string": ({"module": {"a": "x"}}, "module.a: an object is needed"),
    "import a string": ({"import": "x"}, "import: an object is needed"),
    "check a string": ({"check": {"a": "x"}}, "check.a: an object is needed"),
    "stack name": ({"//": {"metadata": {"stackName": 7}}, "resource": {}}, "stackName: a name is needed"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_line_says_what_is_wrong(name: str, tmp_path: Path) -> None:
    content, says = FILES[name]
    file = tmp_path / "cdk.tf.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(InputError) as caught:
        load([file])
    assert len(caught.value.messages) == 1
    assert says in caught.value.messages[0]
    assert str(file) in caught.value.messages[0]
    assert "\n" not in caught.value.messages[0]


def test_every_mistake_of_every_file_is_told(tmp_path: Path) -> None:
    for name, tree in {"a": {"resource": {"t": 1, "u": "x"}}, "b": {"data": 1}}.items():
        (tmp_path / "stacks" / name).mkdir(parents=True)
        (tmp_path / "stacks" / name / "cdk.tf.json").write_text(json.dumps(tree))
    with pytest.raises(InputError) as caught:
        load([tmp_path])
    assert len(caught.value.messages) == 3


@pytest.mark.parametrize(
    ("path", "says"), [("absent", "no such file"), (".", "no stacks here"), ("absent.json", "no such file")]
)
def test_paths_without_stacks(path: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        load([tmp_path / path])


def test_stacks_of_the_same_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "stacks" / name).mkdir(parents=True)
        (tmp_path / "stacks" / name / "cdk.tf.json").write_text(
            json.dumps({"//": {"metadata": {"stackName": "same"}}, "resource": {}})
        )
    with pytest.raises(InputError, match="a stack named 'same' is also in"):
        load([tmp_path])


def test_noise_is_refused_quickly(tmp_path: Path) -> None:
    file = tmp_path / "noise.json"
    file.write_bytes(b"{" + bytes(100 * 1024 * 1024))
    start = time.monotonic()
    with pytest.raises(InputError, match="not JSON"):
        load([file])
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "tree",
    [
        {"resource": None, "terraform": None, "provider": None},
        {"resource": {"t": None}, "provider": {"google": None}},
        {"resource": [{"t": {"a": {"x": 1}}}, {"t": {"b": [{"x": 1}]}}], "//": "a comment"},
        {"resource": {"t": [{"a": {}}, {"b": {}}], "//": "a comment"}, "//": {"metadata": "x"}},
    ],
)
def test_shapes_that_terraform_takes(tree: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text(json.dumps(tree))
    (stack,) = load([tmp_path]).stacks
    assert {resource.name for resource in stack.resources} <= {"a", "b"}
