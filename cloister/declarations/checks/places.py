"""Regions, images and the state bucket: inside what the boundary calls inside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.tree import Rule, Tree


def region(tree: Tree) -> Iterator[Mistake]:
    """The platform's region is one of the boundary's."""
    regions, found = tree.boundary.value.regions, tree.platform.value.region
    if found not in regions:
        expected = f"a region of boundary.yaml: {', '.join(regions) or 'it lists none'}"
        yield tree.platform.wrong(("region",), found, expected, nearest(found, regions))


def images(tree: Tree) -> Iterator[Mistake]:
    """The platform's images come from a registry the boundary trusts."""
    trusted, platform = tree.boundary.value.trusted.images, tree.platform.value
    declared = [
        ("images", "runner", platform.images.runner),
        ("images", "metaflow", platform.images.metaflow),
    ]
    if platform.argo is not None:
        declared += [
            ("argo", "controller", platform.argo.controller),
            ("argo", "executor", platform.argo.executor),
        ]
    for key, name, found in declared:
        if found is not None and not found.startswith(tuple(trusted)):
            expected = (
                f"an image under trusted.images of boundary.yaml: {', '.join(trusted) or 'it lists none'}"
            )
            yield tree.platform.wrong((key, name), found, expected)


def state_bucket(tree: Tree) -> Iterator[Mistake]:
    """The state bucket is the project's by its name, and a name Google takes."""
    project, found = tree.boundary.value.project, tree.platform.value.state_bucket
    location = ("state_bucket",)
    if not found.startswith(f"{project}-"):
        expected = f"a bucket whose name begins with {project}-, so that nobody else can own it"
        yield tree.platform.wrong(location, found, expected)
    elif re.search(r"goog|g00g|\.\.|\.-|-\.", found.removeprefix(project)):
        yield tree.platform.wrong(location, found, "a bucket name without goog, .. or a dot beside a hyphen")


RULES: tuple[Rule, ...] = (region, images, state_bucket)
