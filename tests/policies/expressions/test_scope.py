"""Names of a stack and across stacks; unknowns and what is left of them; inputs that would hang or crash."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.values import Unknown, unknowns
from tests.policies.expressions.trees import evaluation, resolved, value

SECTIONS: dict[str, Any] = {
    "variable": {"none": {"type": "string"}, "some": {"default": "x"}, "list": {"type": "list(string)"}},
    "locals": {"prefix": "serviceAccount"},
    "resource": {"random_id": {"r": {"byte_length": 4}}},
}


@pytest.mark.parametrize(
    ("expression", "prefix", "exact"),
    [
        ("${random_id.r.hex}", "", True),
        ("a-${random_id.r.hex}", "a-", True),
        ("a-${random_id.r.hex}-b", "a-", False),
        ("${local.prefix}:${random_id.r.hex}", "serviceAccount:", True),
        ('${format("a-%s", random_id.r.hex)}', "a-", True),
        ('${format("a-%s-b", random_id.r.hex)}', "a-", False),
        ('${join("-", ["a", random_id.r.hex])}', "a-", True),
        ('${join("-", ["a", random_id.r.hex, "b"])}', "a-", False),
        ("${upper(random_id.r.hex)}", "", False),
        ("${tostring(random_id.r.hex)}", "", True),
        ("${[random_id.r.hex][0]}", "", True),
        ("${try(random_id.r.hex, 1)}", "", True),
        ("${one([random_id.r.hex])}", "", True),
        ("${true ? random_id.r.hex : null}", "", True),
        ('${random_id.r.hex == "a" ? "b" : "c"}', "", False),
        ("${random_id.r.hex}${random_id.r.hex}", "", False),
        ("%{ if random_id.r.hex == \"a\" }b%{ endif }", "", False),
        ("${[for x in [random_id.r.hex] : x][0]}", "", True),
        ("${replace(random_id.r.hex, \"a\", \"b\")}", "", False),
        ("${random_id.r}", "", True),
    ],
)  # fmt: skip
def test_what_is_left_of_an_unknown(expression: str, prefix: str, exact: bool, tmp_path: Path) -> None:
    found = value(tmp_path, expression, **SECTIONS)
    assert isinstance(found, Unknown)
    assert (found.prefix, found.exact) == (prefix, exact)
    assert all(ref.startswith("one/random_id.r") for ref in found.refs)
    assert found.refs


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("${false && random_id.r.hex == \"a\"}", False),
        ("${random_id.r.hex == \"a\" || true}", True),
        ("${random_id.r.hex == \"a\" ? 1 : 1}", 1),
        ("${length([random_id.r.hex])}", 1),
        ("${keys({a = random_id.r.hex})}", ["a"]),
        ("${merge({a = random_id.r.hex}, {a = 1})}", {"a": 1}),
        ('${"x-${random_id.r.hex}" == "y"}', False),
        ("${contains(keys({a = random_id.r}), \"a\")}", True),
    ],
)  # fmt: skip
def test_what_does_not_depend_on_an_unknown_is_known(expression: str, expected: Any, tmp_path: Path) -> None:
    assert value(tmp_path, expression, **SECTIONS) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("${var.none}", "variable none has no default"),
        ("${var.absent}", "not declared"),
        ("${local.absent}", "not defined"),
        ("${google_x.y.z}", "no such resource"),
        ("${data.google_x.y.z}", "no such resource"),
        ("${module.m.out}", "not part of the input"),
        ("${terraform.workspace}", "known only when it runs"),
        ("${path.module}", "known only when it runs"),
        ("${timestamp()}", "known only to Terraform"),
        ('${file("x")}', "known only to Terraform"),
        ("${each.key}", "no value here"),
        ("${1 +}", "an invalid expression"),
        ("${", "an invalid expression"),
        ("%{ if true }", "an invalid expression"),
        ("${[1][7]}", "an invalid expression"),
        ("${nonsense(1)}", "known only to Terraform"),
        ("${<<EOT\nx\nEOT\n}", "a heredoc"),
        ('${cidrhost("10.0.0.0/99", 1)}', "not a CIDR range"),
        ("${\"a\".b}", "has no attributes"),
        ("${(((1}", "an invalid expression"),
    ],
)  # fmt: skip
def test_why_there_is_no_value(expression: str, reason: str, tmp_path: Path) -> None:
    found = value(tmp_path, expression, **SECTIONS)
    assert isinstance(found, Unknown)
    assert reason in found.reason


def test_cycles_are_named(tmp_path: Path) -> None:
    local = {"a": "${local.b}", "b": "x${local.a}", "self": "${local.self}"}
    found = value(tmp_path, ["${local.a}", "${local.self}"], locals=local)
    assert all("cyclic" in unknown.reason for unknown in found)


def test_cycles_between_resources_and_stacks(tmp_path: Path) -> None:
    def stack(own: str, other: str) -> dict[str, Any]:
        return {
            "terraform": {"backend": {"gcs": {"bucket": "b", "prefix": own}}},
            "data": {
                "terraform_remote_state": {
                    "o": {"backend": "gcs", "config": {"bucket": "b", "prefix": other}}
                }
            },
            "output": {"x": {"value": "${data.terraform_remote_state.o.outputs.x}"}},
            "resource": {
                "google_service_account": {
                    "a": {"account_id": "${google_service_account.b.account_id}"},
                    "b": {"account_id": "${google_service_account.a.account_id}"},
                    "c": {"account_id": "${google_service_account.c.email}"},
                    "d": {"count": "${length(google_service_account.d)}", "account_id": "d"},
                }
            },
        }

    found = evaluation(tmp_path, one=stack("one", "two"), two=stack("two", "one"))
    assert "cyclic" in found.outputs("one")["x"].reason
    for item in found.resources():
        if item.resource.type == "google_service_account" and item.resource.name != "d":
            assert "cyclic" in item.values["account_id"].reason


def test_outputs_of_another_stack(tmp_path: Path) -> None:
    first = {
        "terraform": {"backend": {"gcs": {"bucket": "${local.b}", "prefix": "first/"}}},
        "locals": {"b": "states"},
        "resource": {"google_service_account": {"a": {"account_id": "robot"}}},
        "output": {"email": {"value": "${google_service_account.a.email}"}, "id": {"value": "${google_service_account.a.unique_id}"}},
    }  # fmt: skip
    state = {"backend": "gcs", "config": {"bucket": "states", "prefix": "first"}, "defaults": {"extra": "d"}}
    second = {
        "data": {"terraform_remote_state": {"f": state, "none": {**state, "config": {"bucket": "states", "prefix": "x"}}}},
        "output": {
            name: {"value": "${data.terraform_remote_state." + reference + "}"}
            for name, reference in {
                "email": "f.outputs.email", "id": "f.outputs.id", "extra": "f.outputs.extra", "absent": "f.outputs.absent",
                "none": "none.outputs.email",
            }.items()
        },
    }  # fmt: skip
    found = evaluation(tmp_path, first=first, second=second).outputs("second")
    assert found["email"] == "robot@acme.iam.gserviceaccount.com"
    assert found["id"].refs == ("first/google_service_account.a.unique_id",)
    assert found["extra"] == "d"
    assert "no such output" in found["absent"].reason
    assert "not part of the input" in found["none"].reason


def test_local_states_are_found_by_their_file(tmp_path: Path) -> None:
    first = {
        "terraform": {"backend": {"local": {"path": "/work/terraform.first.tfstate"}}},
        "output": {"x": {"value": 7}},
    }
    second = {
        "data": {
            "terraform_remote_state": {
                "f": {"backend": "local", "config": {"path": "terraform.first.tfstate"}}
            }
        },
        "output": {"x": {"value": "${data.terraform_remote_state.f.outputs.x}"}},
    }
    assert evaluation(tmp_path, first=first, second=second).outputs("second")["x"] == 7


def test_instances_of_an_unknown_number(tmp_path: Path) -> None:
    accounts = {
        "google_service_account": {
            "a": {"for_each": "${toset(var.names)}", "account_id": "${each.key}"},
            "b": {"count": "${var.many}", "account_id": "b"},
            "c": {"for_each": ["x"], "account_id": "c"},
            "d": {"count": -1, "account_id": "d"},
            "e": {"account_id": '${google_service_account.a["x"].email}'},
        }
    }
    found = resolved(tmp_path, one={"variable": {"names": {}, "many": {}}, "resource": accounts})
    assert len(found) == 5
    for name, argument in {"a": "for_each", "b": "count", "c": "for_each", "d": "count"}.items():
        assert isinstance(found[f"one/google_service_account.{name}"].resource.meta[argument], Unknown)
    assert isinstance(found["one/google_service_account.a"].values["account_id"], Unknown)
    assert isinstance(found["one/google_service_account.e"].values["account_id"], Unknown)


def test_dynamic_blocks(tmp_path: Path) -> None:
    firewall = {
        "name": "f",
        "allow": {"protocol": "icmp"},
        "dynamic": {
            "allow": [
                {
                    "for_each": "${var.ports}",
                    "iterator": "p",
                    "content": {"protocol": "tcp", "ports": ["${p.value}"]},
                },
                {"for_each": {"x": "udp"}, "content": {"protocol": "${allow.value}"}},
            ],
            "log_config": {"for_each": "${var.none}", "content": {"metadata": "INCLUDE_ALL_METADATA"}},
        },
    }
    sections = {
        "variable": {"ports": {"default": [443, 80]}, "none": {}},
        "resource": {"google_compute_firewall": {"f": firewall}},
    }
    found = resolved(tmp_path, one=sections)["one/google_compute_firewall.f"].values
    assert [(block["protocol"], block.get("ports")) for block in found["allow"]] == [
        ("icmp", None), ("tcp", ["443"]), ("tcp", ["80"]), ("udp", None),
    ]  # fmt: skip
    assert isinstance(found["log_config"], Unknown)


def test_nested_dynamic_blocks(tmp_path: Path) -> None:
    job = {
        "spec": {
            "template": {
                "spec": {
                    "dynamic": {
                        "container": {
                            "for_each": ["a", "b"],
                            "content": {
                                "name": "${container.value}",
                                "dynamic": {"env": {"for_each": {"K": "v"}, "content": {"name": "${env.key}", "value": "${container.value}"}}},
                            },
                        }
                    }
                }
            }
        }
    }  # fmt: skip
    found = resolved(tmp_path, one={"resource": {"kubernetes_job": {"j": job}}})[
        "one/kubernetes_job.j"
    ].values
    containers = found["spec"][0]["template"][0]["spec"][0]["container"]
    assert [(c["name"], c["env"][0]["value"]) for c in containers] == [("a", "a"), ("b", "b")]


def test_values_take_the_form_of_the_schema(tmp_path: Path) -> None:
    network = {
        "name": "n",
        "auto_create_subnetworks": "false",
        "description": "",
        "mtu": "1460",
        "routing_mode": None,
    }
    found = resolved(tmp_path, one={"resource": {"google_compute_network": {"n": network}}})
    assert found["one/google_compute_network.n"].values == {
        "name": "n",
        "auto_create_subnetworks": False,
        "mtu": 1460,
    }


HOSTILE: dict[str, tuple[Any, dict[str, Any]]] = {
    "parentheses": ("${" + "(" * 10_000 + "1" + ")" * 10_000 + "}", {}),
    "brackets": ("${" + "[" * 10_000 + "]" * 10_000 + "}", {}),
    "quotes": ("${" + '"${' * 5_000 + "1" + '}"' * 5_000 + "}", {}),
    "directives": ("%{ if true }" * 5_000 + "%{ endif }" * 5_000, {}),
    "not not": ("${" + "!" * 10_000 + "true}", {}),
    "minus": ("${" + "-" * 10_000 + "1}", {}),
    "long sum": ("${" + "1+" * 20_000 + "1}", {}),
    "long path": ("${local.a" + ".b" * 20_000 + "}", {"locals": {"a": {}}}),
    "conditionals": ("${" + "true ? 1 : " * 10_000 + "1}", {}),
    "chain": ("${local.l3000}", {"locals": {"l0": "x", **{f"l{n}": f"${{local.l{n - 1}}}" for n in range(1, 3001)}}}),
    "doubling text": ("${local.l60}", {"locals": {"l0": "xx", **{f"l{n}": f"${{local.l{n - 1}}}${{local.l{n - 1}}}" for n in range(1, 61)}}}),
    "doubling lists": ("${jsonencode(local.l60)}", {"locals": {"l0": [1], **{f"l{n}": f"${{[local.l{n - 1}, local.l{n - 1}]}}" for n in range(1, 61)}}}),
    "loops": ("${[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]}", {}),
    "power": ("${pow(10, 1000000000)}", {}),
    "big number": ("${" + "9" * 100_000 + "}", {}),
    "exponent": ("${1e999999999 * 2}", {}),
    "width": ('${format("%999999999d", 1)}', {}),
    "indent": ('${indent(1000000000, "a\\nb")}', {}),
    "regex": ('${regex("(a+)+$", "' + "a" * 60 + 'b")}', {}),
    "regex without nesting": ('${regex("a*a*a*a*a*a*a*a*b", "' + "a" * 200 + '")}', {}),
    "replace": ('${replace(join("", [for x in range(1000) : "aaaaaaaaaa"]), "a", join("", [for x in range(1000) : "aaaaaaaaaa"]))}', {}),
    "setproduct": ("${setproduct(range(1000), range(1000), range(1000))}", {}),
    "count": ("${length(terraform_data.t)}", {"resource": {"terraform_data": {"t": {"count": 10**9, "input": 1}}}}),
    "yaml bomb": ('${yamldecode("a0: &a0 [x,x]\\n' + "".join(f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]\\n" for n in range(1, 40)) + '")}', {}),
    "yaml depth": ('${yamldecode("' + "[" * 5_000 + '")}', {}),
    "json depth": ('${jsondecode("' + "[" * 50_000 + '")}', {}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_hangs_or_crashes(name: str, tmp_path: Path) -> None:
    expression, sections = HOSTILE[name]
    start = time.monotonic()
    found = value(tmp_path, expression, **sections)
    assert time.monotonic() - start < 10
    assert next(unknowns(found), None) is not None or name in ("long sum", "not not")
