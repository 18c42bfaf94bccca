"""API-10: Google-run machines that stand outside both the network and a perimeter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.facts.world import World

# Services whose default workers run in Google's own projects with the internet before them.
_APIS = {
    "cloudbuild.googleapis.com": "default build workers",
    "dataform.googleapis.com": "Dataform workers",
    "cloudshell.googleapis.com": "Cloud Shell machines",
}
# (type, what it runs on, the argument that puts it on machines of a private pool).
_USERS = (
    ("google_cloudbuild_trigger", "a default build worker", "build.options.worker_pool"),
    ("google_cloudbuildv2_repository", "a default build worker", ""),
    ("google_clouddeploy_target", "a default build worker", "execution_configs.worker_pool"),
    ("google_dataform_repository", "a Dataform worker", ""),
)  # fmt: skip


@channel("API-10")
def nothing_runs_on_googles_own_machines(world: World) -> Iterable[Evidence]:
    """No service is used whose workers stand in Google's projects, outside network and perimeter."""
    found = [*_users(world), *_apis(world)]
    yield from found
    if not found:
        yield from (Control(res.address, "service") for res in world.of("google_project_service"))


def _users(world: World) -> Iterator[Leak]:
    for type_, machine, pool in _USERS:
        for res in world.of(type_):
            value = res.get(pool) if pool else None
            if value is not None:
                if isinstance(value, Unknown) and world.referred(value) is None:
                    yield _runs(res, "undecided", "a pool that is not known", pool)
                continue
            yield _runs(res, "open", machine, pool or "name")


def _runs(res: Res, status: str, machine: str, attribute: str) -> Leak:
    step = Step(
        res.subject,
        "the internet",
        f"it runs on {machine}, outside the network and any perimeter",
        res.address,
        attribute,
    )
    sentence = (
        f"{res.subject} runs on {machine}: no firewall, route or perimeter of the project applies to it."
    )
    fix = f"run {res.address} in a private pool of the network"
    if status == "open":
        return Leak("open", res.subject, sentence, (step,), fix, res.address, attribute)
    return Leak("undecided", res.subject, sentence, (), fix, res.address, attribute)


def _apis(world: World) -> Iterator[Leak]:
    pools = world.of("google_cloudbuild_worker_pool")
    for res in world.of("google_project_service"):
        what = _APIS.get(str(res.get("service"))) if not isinstance(res.get("service"), Unknown) else None
        if what is None or (res.get("service") == "cloudbuild.googleapis.com" and pools):
            continue
        yield Leak(
            "weakened", res.subject,
            f"Service {res.get('service')} is enabled: its {what} stand outside the network and any perimeter. Only that nothing uses "
            f"them still keeps the data in.",
            (), f"remove {res.address}", res.address, "service",
        )  # fmt: skip
