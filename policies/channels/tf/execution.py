"""TF-03: what runs, or calls out, on the machine of whoever deploys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.facts.configuration import Part, providers
from policies.facts.resource import Res
from policies.facts.world import World

_MACHINE = "the deployer's machine"

# Types that run something or call out while Terraform plans or applies: what they do.
_RUNS = {
    "data.external": "runs a program while Terraform plans",
    "data.http": "calls a URL while Terraform plans",
    "data.shell_script": "runs a script while Terraform plans",
    "data.archive_file": "packs files of the deployer's machine",
    "archive_file": "packs files of the deployer's machine",
    "local_file": "writes a file on the deployer's machine",
    "local_sensitive_file": "writes a file on the deployer's machine",
    "data.local_file": "reads a file of the deployer's machine",
    "data.local_sensitive_file": "reads a file of the deployer's machine",
    "data.template_file": "reads a file of the deployer's machine",
    "data.local_command": "runs a program while Terraform plans",
}
_RUNNERS = re.compile(
    r"^(?:data\.)?(?:shell|restapi|restful|http-full|terracurl|ansible|script|exec|ssh|curl2?)_"
)
_IDLE = ("null_resource", "terraform_data")
_PROVISIONERS = {
    "local-exec": "a command",
    "remote-exec": "a command on another machine",
    "file": "a copy of files to another machine",
}


@channel("TF-03")
def nothing_runs_at_deploy_time(world: World) -> Iterator[Evidence]:
    """No provisioner, no external program and no call to a URL runs with the deployer's rights."""
    for res in world.resources:
        yield from _provisioned(res)
    for type_ in world.types:
        says = _RUNS.get(type_) or ("runs what it is told" if _RUNNERS.match(type_) else None)
        for res in world.of(type_) if says else ():
            yield _leak(
                res, "open", "", f"{type_} {res.name} {says}, with the deployer's credentials and network"
            )
    for type_ in _IDLE:
        for res in world.of(type_):
            if not list(_names(res.meta.get("provisioner"))):
                yield _leak(
                    res,
                    "weakened",
                    "",
                    f"{type_} {res.name} is there to run provisioners, of which it has none now",
                )
    for provider in providers(world):
        yield from _plugin(provider)


def _provisioned(res: Res) -> Iterator[Evidence]:
    for kind in _names(res.meta.get("provisioner")):
        what = _PROVISIONERS.get(kind, f"a provisioner ({kind})")
        yield _leak(
            res, "open", "provisioner",
            f"{res.type} {res.name} runs {what} when it is applied, with the deployer's credentials and network",
        )  # fmt: skip


def _names(provisioner: Any) -> Iterator[str]:
    """The kinds of provisioners, however many blocks the JSON syntax writes them in."""
    for block in provisioner if isinstance(provisioner, list) else [provisioner]:
        if isinstance(block, Mapping):
            # cdktf writes {"type": "local-exec", ...}; the syntax itself {"local-exec": {...}}.
            yield from [str(block["type"])] if "type" in block else [str(kind) for kind in block]
        elif block is not None:
            yield str(block)


def _plugin(provider: Part) -> Iterator[Evidence]:
    for holder in (provider, *provider.blocks("kubernetes")):
        for exec_ in holder.blocks("exec"):
            attribute = exec_.at("command")
            command = exec_.get("command", "a program")
            yield Leak(
                "open", provider.address,
                f"Provider {provider.name} runs {command} for its credentials whenever Terraform plans or applies "
                f"(`{provider.address}.{attribute}`).",
                (Step(_MACHINE, "anywhere", "a program runs there", provider.address, attribute),),
                f"give {provider.address} a token of data.google_client_config instead of exec",
                provider.address, attribute,
            )  # fmt: skip
    if provider.provider in ("kubernetes", "google", "google-beta") and not provider.blocks("exec"):
        yield Control(provider.address, "exec")


def _leak(res: Res, status: Failing, attribute: str, text: str) -> Leak:
    where = f"{res.address}.{attribute}" if attribute else res.address
    because = f"{attribute or res.type} runs there"
    return Leak(
        status, res.address, f"{text} (`{where}`).",
        (Step(_MACHINE, "anywhere", because, res.address, attribute),),
        f"remove {attribute + ' from ' if attribute else ''}{res.address}", res.address, attribute,
    )  # fmt: skip
