"""CMP-05: the metadata server as a mailbox, and commands that the control plane runs in machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels.evidence import Evidence
from policies.channels.outward import fault, granted
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.machine_metadata import Item, metadata_items
from policies.facts.mentions import mentions
from policies.facts.resource import Res
from policies.facts.secrets import looks_secret
from policies.facts.world import World

_COMMANDS = {
    "google_os_config_guest_policies": "Guest policy {} installs software as root",
    "google_os_config_os_policy_assignment": "OS policy {} runs commands as root",
    "google_os_config_patch_deployment": "Patch deployment {} runs commands as root",
    "google_os_config_v2_policy_orchestrator": "Policy orchestrator {} runs commands as root",
    "google_os_config_v2_policy_orchestrator_for_folder": "Policy orchestrator {} runs commands as root",
    "google_os_config_v2_policy_orchestrator_for_organization": "Policy orchestrator {} runs commands as root",
    "google_compute_zone_vm_extension_policy": "VM extension policy {} installs software as root",
    "google_compute_global_vm_extension_policy": "VM extension policy {} installs software as root",
}


_STEP = "exec_step_config.gcs_object.bucket"
_RESOURCE = "os_policies.resource_groups.resources"
_OBJECTS = (
    *(
        f"patch_config.{step}.{system}_{_STEP}"
        for step in ("pre_step", "post_step")
        for system in ("linux", "windows")
    ),
    *(f"{_RESOURCE}.exec.{step}.file.gcs.bucket" for step in ("enforce", "validate")),
    *(
        f"{_RESOURCE}.{what}.gcs.bucket"
        for what in ("file.file", "pkg.deb.source", "pkg.rpm.source", "pkg.msi.source")
    ),
)


@channel("CMP-05")
def metadata_holds_no_secret_and_no_mailbox(world: World) -> Iterator[Evidence]:
    """Metadata holds no secrets, guest attributes are off, and the control plane runs no commands in machines."""
    for item in metadata_items(world):
        yield from _judge(item)
    yield from granted(
        world, ["google_compute_instance"], "can read the metadata and guest attributes of",
        ["compute.instances.get", "compute.instances.getGuestAttributes"], "every machine of",
    )  # fmt: skip
    for type_, says in _COMMANDS.items():
        for res in world.of(type_):
            yield from _commands(world, res, says)


def _judge(item: Item) -> Iterator[Evidence]:
    if not item.key:
        yield fault(
            item.res, item.attribute, "Whether the metadata of {} holds secrets is not known", "undecided"
        )
    elif item.key == "enable-guest-attributes":
        if isinstance(item.value, Unknown):
            yield fault(
                item.res,
                item.attribute,
                "Whether machines of {} have guest attributes is not known",
                "undecided",
            )
        elif re.fullmatch(r"(?i)true|y|yes|1", str(item.value)):
            yield fault(item.res, item.attribute, "Code on machines of {} can leave messages in guest attributes, which are read "
                        "by API from anywhere", "weakened", f"remove {item.attribute} from {item.res.address}")  # fmt: skip
    elif looks_secret(item.key, item.value):
        yield fault(item.res, item.attribute, f"Metadata entry {item.key} of {{}} is a secret that every machine and every viewer "
                    "of the project reads", fix=f"move {item.attribute} of {item.res.address} to Secret Manager")  # fmt: skip


def _commands(world: World, res: Res, says: str) -> Iterator[Evidence]:
    named = [*mentions(world, dict(res.values))]
    for path in _OBJECTS:
        named += [place(world, value, "bucket") for _, value in leaves(res, path)]
    outside = [there for there in named if there.where == "foreign"]
    if outside:
        yield fault(res, "", f"{says}, fetched from {outside[0].name}, {outside[0].why}")
    else:
        yield fault(res, "", f"{says} in machines that hold data", "weakened")
