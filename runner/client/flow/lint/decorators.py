"""Rules over the decorators of a flow and of its steps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cloister.declarations import names
from cloister.declarations.mistakes import shown
from runner.client.flow.lint.inside import Inside
from runner.client.flow.lint.source import Decorator, Source
from runner.client.flow.lint.tables import ELSEWHERE, PUBLIC_INDEX

Hit = tuple[ast.AST, str]

_BY_DIGEST = re.compile(r"[^@]+@sha256:[0-9a-f]{64}")
# Arguments of @kubernetes that admission lets nobody use.
_REFUSED = {
    "secrets": "secrets", "persistent_volume_claims": "volumes that outlive the pod",
    "image_pull_secrets": "credentials of another registry", "hostname_resolution_timeout": "names of other hosts",
    "qos": "a quality of service of its own",
}  # fmt: skip


def called(source: Source, *wanted: str) -> Iterator[tuple[Decorator, str]]:
    """Metaflow's own decorators among `wanted`, with their names."""
    for decorator in source.decorators:
        root, _, rest = decorator.name.partition(".")
        name = rest if root == "metaflow" else decorator.name
        if name in wanted:
            yield decorator, name


def public_indexes(source: Source, inside: Inside) -> Iterator[Hit]:
    """No step installs packages when it starts."""
    for decorator, name in called(source, *PUBLIC_INDEX):
        yield decorator.node, f"@{name}"


def images(source: Source, inside: Inside) -> Iterator[Hit]:
    """A step's image is the platform's or another that boundary.yaml trusts, by digest."""
    for decorator, name in called(source, "kubernetes", *ELSEWHERE):
        image = decorator.keywords.get("image")
        if image is None or (isinstance(image, ast.Constant) and image.value is None):
            continue
        if not isinstance(image, ast.Constant) or not isinstance(image.value, str):
            yield image, f"@{name} with an image that the flow computes"
        elif not image.value.startswith(inside.images or ("\0",)):
            yield (
                image,
                f"@{name} with the image {shown(image.value, 80)}, which boundary.yaml does not trust",
            )
        elif not _BY_DIGEST.fullmatch(image.value):
            yield image, f"@{name} with the image {shown(image.value, 80)}, which is not named by digest"


def elsewhere(source: Source, inside: Inside) -> Iterator[Hit]:
    """No step runs on machines of others."""
    for decorator, name in called(source, *ELSEWHERE):
        yield decorator.node, f"@{name}, which runs the step on {ELSEWHERE[name]}"


def fan_out(source: Source, inside: Inside) -> Iterator[Hit]:
    """A sealed flow is one pod."""
    if inside.sealed:
        for decorator, _ in called(source, "kubernetes"):
            yield decorator.node, "@kubernetes in a sealed flow"


def pod_settings(source: Source, inside: Inside) -> Iterator[Hit]:
    """A step's pod has nothing that admission refuses."""
    allowed = {
        "service_account": names.KUBERNETES_SERVICE_ACCOUNT,
        "namespace": None if inside.team is None else names.namespace(inside.team),
    }
    for decorator, _ in called(source, "kubernetes"):
        for name, value in decorator.keywords.items():
            given = value.value if isinstance(value, ast.Constant) else ...
            if name in _REFUSED and given is not None:
                yield value, f"@kubernetes({name}=...): {_REFUSED[name]}"
            elif name in allowed and given not in (None, allowed[name]):
                yield value, f"@kubernetes({name}=...) that is not the team's"
            elif name == "gpu" and given not in (None, 0, "0"):
                yield (
                    value,
                    "@kubernetes(gpu=...): Metaflow cannot give its pods the priority class GPUs need",
                )


def secrets(source: Source, inside: Inside) -> Iterator[Hit]:
    """No step asks a secret manager for credentials."""
    for decorator, _ in called(source, "secrets"):
        yield decorator.node, "@secrets"
    for call, name in source.calls:
        if name in ("metaflow.get_secret", "metaflow.plugins.secrets.get_secret"):
            yield call, "get_secret()"
