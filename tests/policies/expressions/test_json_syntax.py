"""Terraform's JSON syntax, count, for_each and references against a real plan of the built-in ``terraform_data``."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from policies.expressions.resolve import Evaluation
from policies.snapshot import load
from tests.policies.expressions.console import TERRAFORM, needs_terraform, same

TREE: dict[str, Any] = {
    "//": {"metadata": {"stackName": "one"}},
    "variable": {
        "names": {"type": "set(string)", "default": ["b", "a"]},
        "plain": {"default": {"k": ["${not evaluated}", 1]}},
        "number": {"type": "number", "default": "2"},
        "words": {"type": "list(string)", "default": [1, True]},
    },
    "locals": {
        "prefix": "team",
        "names": "${[for n in var.names : \"${local.prefix}-${n}\"]}",
        "nested": {"${local.prefix}-key": ["$${literal}", "%%{literal}", "${1 + 1}", 2.5]},
    },
    "resource": {
        "terraform_data": {
            "counted": {"count": "${var.number}", "input": "n${count.index}"},
            "each": {"for_each": "${var.names}", "input": {"key": "${each.key}", "value": "${each.value}"}},
            "mapped": {"for_each": {"x": 1, "y": "${local.prefix}"}, "input": "${each.key}=${each.value}"},
            "none": {"count": "${false ? 1 : 0}", "input": "never"},
            "single": {"input": "${terraform_data.counted[1].input}!"},
        }
    },
    "output": {
        name: {"value": value}
        for name, value in {
            "heredoc_like": "a\n%{ for n in local.names ~}\n- ${n}\n%{ endfor ~}\nend",
            "directive": "%{ if length(local.names) > 1 }many%{ else }few%{ endif }",
            "quotes": "say \"${upper(\"hi\")}\" \\ back",
            "whole": "${local.names}",
            "not_whole": " ${local.prefix}",
            "nested": "${local.nested}",
            "object": {"a": "${local.prefix}", "b": [1, "${2}", {"c": "x${3}"}]},
            "dollar": "$ $$ % %% ${\"$\"} cost$",
            "plain": "${var.plain}",
            "words": "${var.words}",
            "counted": "${terraform_data.counted[*].input}",
            "legacy": "${terraform_data.counted.*.input[0]}",
            "each": "${terraform_data.each[\"a\"].input.value}",
            "each_all": "${{for k, r in terraform_data.each : k => r.input}}",
            "each_values": "${values(terraform_data.each)[*].input.key}",
            "mapped": "${[for r in terraform_data.mapped : r.input]}",
            "none": "${terraform_data.none}",
            "one": "${one(terraform_data.none[*].input)}",
            "single": "${terraform_data.single.input}",
            "output": "${terraform_data.single.output}",
            "try": "${try(terraform_data.none[0].input, \"absent\")}",
            "conditional": "${var.number > 1 ? terraform_data.counted[0].input : \"\"}",
            "trimmed": "  ${~ local.prefix ~}  |",
            "lines": "%{ for i, n in local.names }${i}:${n}\n%{ endfor }",
            "empty": "",
            "null": None,
            "length": "${length(terraform_data.each)}",
            "keys": "${keys(terraform_data.each)}",
        }.items()
    },
}  # fmt: skip


def terraform(folder: Path, *arguments: str) -> str:
    (folder / "none.tfrc").touch()
    return subprocess.run(
        [str(TERRAFORM), *arguments], capture_output=True, text=True, cwd=folder, timeout=120, check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(folder / "none.tfrc"), "CHECKPOINT_DISABLE": "1"},
    ).stdout  # fmt: skip


def planned(folder: Path, tree: dict[str, Any]) -> dict[str, Any]:
    """The plan of a tree that needs no provider but the built-in one, as ``terraform show -json`` prints it."""
    (folder / "cdk.tf.json").write_text(json.dumps(tree))
    terraform(folder, "init", "-input=false")
    terraform(folder, "plan", "-input=false", "-out=plan")
    return dict(json.loads(terraform(folder, "show", "-json", "plan")))


@needs_terraform
def test_outputs_are_those_of_a_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path, TREE)
    theirs = {
        name: output.get("value", "unknown") for name, output in plan["planned_values"]["outputs"].items()
    }
    evaluation = Evaluation(load([tmp_path / "cdk.tf.json"]), "acme")
    ours = evaluation.outputs("one")
    # Terraform does not know the output attribute before apply, though it will be the input.
    assert ours.pop("output") == ours["single"]
    assert theirs.pop("output", "unknown") == "unknown"
    different = {
        name: (ours.get(name), value) for name, value in theirs.items() if not same(ours.get(name), value)
    }
    assert not different


@needs_terraform
def test_instances_are_those_of_a_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path, TREE)
    theirs = {r["address"]: r["values"]["input"] for r in plan["planned_values"]["root_module"]["resources"]}
    found = Evaluation(load([tmp_path / "cdk.tf.json"]), "acme").resources()
    assert {r.resource.address.removeprefix("one/"): r.values["input"] for r in found} == theirs
