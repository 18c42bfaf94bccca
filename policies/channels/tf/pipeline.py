"""TF-07 and TF-08: who deploys, and what changes between deployments. No plan shows either; some facts open them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels import said
from policies.channels.evidence import Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.channels.tf.harmless import harmless_drift
from policies.expressions.values import Unknown
from policies.facts.grants import grants_by_kind
from policies.facts.kubernetes.workloads import workloads
from policies.facts.principals import standing
from policies.facts.resource import Res
from policies.facts.world import World

_RUNNER = re.compile(
    r"actions-runner|gitlab-runner|atlantis|jenkins|buildkite|circleci|tfc-agent|drone-runner|teamcity|argocd|terraform"
)
_CI = re.compile(
    r"token\.actions\.githubusercontent\.com|gitlab|circleci|bitbucket|buildkite|app\.terraform\.io|dev\.azure"
)
_GUARDED = ("COMMENTS_ENABLED", "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY")


@channel("TF-07")
def the_deployer_is_out_of_reach(world: World) -> Iterator[Evidence]:
    """No service account owns the project, no pull request and no pod runs the deployment."""
    for grant in grants_by_kind(world).get("google_project", ()):
        if grant.role == "roles/owner" and standing(world, grant.member).kind in ("own", "workload"):
            yield said.grant_leak(
                "open", grant,
                f"{said.sentence(said.member(grant))} owns the project: whatever runs as it can undo everything that is "
                f"proven here ({said.where(grant)}).",
            )  # fmt: skip
    for trigger in world.of("google_cloudbuild_trigger"):
        yield from _pull_requests(trigger)
        yield from _unpinned(trigger)
    for provider in world.of("google_iam_workload_identity_pool_provider"):
        issuer = provider.get("oidc.issuer_uri")
        if isinstance(issuer, str) and _CI.search(issuer) and provider.get("attribute_condition") is None:
            yield _leak(
                provider,
                "open",
                "attribute_condition",
                f"Any pipeline of {issuer} may sign in: provider {provider.subject} has no condition that names the deployer's",
            )
    yield from _runners(world)


def _pull_requests(trigger: Res) -> Iterator[Evidence]:
    for request in (*trigger.blocks("github.pull_request"), *trigger.blocks("repository_event_config.pull_request"),
                    *trigger.blocks("bitbucket_server_trigger_config.pull_request"), *trigger.blocks("gitlab_enterprise_events_config.pull_request")):  # fmt: skip
        control, attribute = (
            request.get("comment_control", "COMMENTS_DISABLED"),
            request.at("comment_control"),
        )
        if isinstance(control, Unknown):
            yield _leak(
                trigger,
                "undecided",
                attribute,
                f"Whether trigger {trigger.subject} builds the pull requests of strangers is not known",
            )
        elif control in _GUARDED:
            yield _leak(
                trigger,
                "weakened",
                attribute,
                f"Trigger {trigger.subject} builds pull requests in the project, once somebody has commented",
            )
        else:
            yield _leak(
                trigger,
                "open",
                attribute,
                f"Trigger {trigger.subject} builds every pull request, those of forks too, with the project's build account",
            )


def _unpinned(trigger: Res) -> Iterator[Evidence]:
    """An apply that takes whatever the configuration says by then is not the one that was proven."""
    for step in trigger.blocks("build.step"):
        words = [str(word) for name in ("args", "script") for word in _words(step.get(name, []))]
        if any("auto-approve" in word for word in words) and any("apply" in word for word in words):
            yield _leak(
                trigger, "open", step.at("args"),
                f"Trigger {trigger.subject} applies whatever the configuration says by then, not a plan that was proven",
            )  # fmt: skip


def _words(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _runners(world: World) -> Iterator[Evidence]:
    """A self-hosted runner lets whoever commits run on the cluster as the deployer."""
    for res in world.of("helm_release"):
        chart = res.get("chart", "")
        if isinstance(chart, str) and _RUNNER.search(chart):
            yield _leak(
                res,
                "open",
                "chart",
                f"Release {res.subject} puts a runner of pipelines ({chart}) on the cluster, where jobs of teams run",
            )
    for workload in workloads(world):
        for container in workload.containers():
            image, attribute = container.get("image"), workload.at(container, "image")
            if isinstance(image, str) and _RUNNER.search(image.partition("@")[0].rsplit("/", 1)[-1]):
                yield Leak(
                    "open", workload.subject,
                    f"{said.sentence(str(workload))} runs {image}, a runner of pipelines, on the cluster where jobs of teams "
                    f"run (`{workload.address}.{attribute}`).",
                    (Step("whoever commits", "the deployer's rights", "a pipeline runs on the cluster", workload.address, attribute),),
                    f"run pipelines outside the cluster; remove {workload.address}", workload.address, attribute,
                )  # fmt: skip


@channel("TF-08")
def drift_is_seen(world: World) -> Iterator[Evidence]:
    """The proof is of a snapshot: a plan that shows changes made outside Terraform opens what was proven before."""
    for stack in world.snapshot.stacks:
        for kind, detail in stack.notes:
            if kind == "drift" and not harmless_drift(detail):
                address = f"{stack.name}/{detail.partition(':')[0]}"
                yield Leak(
                    "weakened", address,
                    f"Somebody changed {detail} outside Terraform: there is a way to do it again after this proof "
                    f"(`{address}`).",
                    (Step("somebody", detail, "it was changed outside Terraform", address),),
                    f"find who changed {address}, and take the right to do so away", address,
                )  # fmt: skip


def _leak(res: Res, status: Failing, attribute: str, text: str) -> Leak:
    return Leak(
        status, res.subject, f"{text} (`{res.address}.{attribute}`).",
        (Step("whoever commits", "the deployer's rights", f"`{attribute}` lets it", res.address, attribute),),
        f"change {attribute} of {res.address}", res.address, attribute,
    )  # fmt: skip
