"""TF-09: programs, templates and manifests inside arguments. What can be parsed is judged by the channel it is about;
what cannot is undecided here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from policies.channels import said
from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.flows import leaves
from policies.facts.kubernetes.objects import opaque
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.machine_metadata import metadata_items
from policies.facts.resource import Block, Res
from policies.facts.world import World

# (type, path, what it is): arguments that hold a program or template nobody can read here.
_PROGRAMS = (
    ("helm_release", "chart", "a chart, whose manifests are rendered when it is applied"),
    ("google_cloudbuild_trigger", "build.step", "build steps, which run with the build's account"),
    ("google_cloudbuild_trigger", "filename", "build steps of a repository's file, which run with the build's account"),
    ("google_cloudbuild_trigger", "git_file_source", "build steps of a repository's file"),
    ("google_dataflow_job", "template_gcs_path", "a template, whose pipeline is not part of the input"),
    ("google_dataflow_flex_template_job", "container_spec_gcs_path", "a template, whose pipeline is not part of the input"),
    ("google_data_pipeline_pipeline", "workload", "a pipeline's template, which is not part of the input"),
    ("google_deployment_manager_deployment", "target", "a template that creates resources of its own"),
    ("google_config_deployment", "terraform_blueprint", "a blueprint that creates resources of its own"),
    ("google_os_config_os_policy_assignment", "os_policies", "scripts that run on machines as root"),
    ("google_os_config_patch_deployment", "patch_config.pre_step", "a script that runs on machines as root"),
    ("google_os_config_patch_deployment", "patch_config.post_step", "a script that runs on machines as root"),
    ("google_os_config_guest_policies", "recipes", "scripts that run on machines as root"),
    ("google_gke_hub_feature_membership", "configmanagement.config_sync", "manifests of a repository, which the cluster applies"),
    ("google_clouddeploy_automation", "rules", "rules that deploy what a repository holds"),
    ("google_dataproc_cluster", "cluster_config.initialization_action", "scripts that run on the cluster as root"),
)  # fmt: skip
# Programs that can be read as a document: where its shape fails, nobody knows what it is.
_DOCUMENTS = (
    ("google_api_gateway_api_config", "openapi_documents.document.contents"),
    ("google_endpoints_service", "openapi_config"),
    ("google_monitoring_dashboard", "dashboard_json"),
)
_SCRIPTS = re.compile(
    r"(?:startup|shutdown|sysprep|specialize)[-\w]*script|user-data|cloud-init|gce-container-declaration"
)
_SHELLS = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "busybox", "python", "python3", "perl", "ruby", "node"}
)
_INLINE = frozenset({"-c", "-lc", "-ec", "-ce", "-exc", "-e", "-euc", "-cx", "-xc"})


@channel("TF-09")
def payloads_can_be_read(world: World) -> Iterator[Evidence]:
    """Every program, template and manifest inside an argument is one that the channels can read."""
    for item in opaque(world):
        yield _leak(
            item.res,
            item.attribute,
            f"The manifest of {item.res.type} {item.res.name} cannot be read: {item.why}",
        )
    for type_, path, what in _PROGRAMS:
        for res in world.of(type_):
            for attribute, _ in leaves(res, path):
                yield _leak(res, attribute, f"{res.type} {res.subject} is given {what}")
    for type_, path in _DOCUMENTS:
        for res in world.of(type_):
            yield from _document(res, path)
    yield from _scripts(world)
    for workload in workloads(world):
        for container in workload.containers():
            yield from _commands(workload, container)


def _document(res: Res, path: str) -> Iterator[Evidence]:
    for attribute, value in leaves(res, path):
        if isinstance(value, Unknown):
            yield _leak(
                res,
                attribute,
                f"What {attribute} of {res.type} {res.subject} says is not known: {value.reason}",
            )
        elif path == "dashboard_json" and not _is_json(value):
            yield _leak(res, attribute, f"{attribute} of {res.type} {res.subject} is no JSON")
        else:
            yield Control(res.address, attribute)


def _is_json(value: Any) -> bool:
    try:
        json.loads(str(value))
    except (ValueError, RecursionError):
        return False
    return True


def _scripts(world: World) -> Iterator[Evidence]:
    """Scripts of machines run as root before anything else does."""
    for item in metadata_items(world):
        if item.key == "":
            yield _leak(
                item.res,
                item.attribute,
                f"Which metadata, and so which scripts, machines of {item.res.subject} get is not known",
            )
        elif _SCRIPTS.search(item.key) and item.value not in (None, ""):
            yield _leak(
                item.res, item.attribute, f"Machines of {item.res.subject} run a script ({item.key}) as root"
            )


def _commands(workload: Workload, container: Block) -> Iterator[Evidence]:
    """A script written into a container's command is a program that no image review and no digest covers."""
    words: list[Any] = []
    for name in ("command", "args"):
        value = container.get(name, [])
        words += value if isinstance(value, list | tuple) else [value]
    texts = [word for word in words if isinstance(word, str)]
    shell = next((word for word in texts[:3] if word.rsplit("/", 1)[-1] in _SHELLS), None)
    if shell is None or not _INLINE.intersection(texts):
        return
    attribute = workload.at(container, "command" if container.get("command") else "args")
    yield Leak(
        "undecided", workload.subject,
        f"{said.sentence(str(workload))} runs a script written into its arguments ({shell}), which nobody can judge "
        f"(`{workload.address}.{attribute}`).",
        (Step(workload.subject, "anything its pod reaches", "a script runs there", workload.address, attribute),),
        f"build the script into the image, and name it in {attribute} of {workload.address}",
        workload.address, attribute,
    )  # fmt: skip


def _leak(res: Res, attribute: str, text: str, status: Failing = "undecided") -> Leak:
    return Leak(
        status, res.subject, f"{text} (`{res.address}.{attribute}`): what it does cannot be seen here.",
        (Step(res.subject, "anything it reaches", f"`{attribute}` may do anything", res.address, attribute),),
        f"remove {attribute} from {res.address}, or write it as resources", res.address, attribute,
    )  # fmt: skip
