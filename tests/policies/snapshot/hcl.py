"""What Terraform keeps of a plan's configuration when it was written in HCL."""

from __future__ import annotations

from typing import Any


def hcl_like(tree: dict[str, Any]) -> None:
    """The reference plan as Terraform makes it from HCL: references without the text around them."""

    def strip(node: Any) -> None:
        if isinstance(node, dict):
            if "references" in node:
                node.pop("constant_value", None)
            for inner in node.values():
                strip(inner)
        elif isinstance(node, list):
            for inner in node:
                strip(inner)

    strip(tree["configuration"])
