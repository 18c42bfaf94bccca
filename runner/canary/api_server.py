"""The Kubernetes API: what would let somebody reach other teams, asked of the server and, where it is safe, tried.

Whoever is authenticated may ask what they may do (a SelfSubjectAccessReview), of all namespaces and of each team's. Writes
are tried with `dryRun`, so that nothing is made even where a hole lets them through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from runner.canary.probe import MARK, Probe, Result, Untried, each, escaped, held
from runner.watch.api import Api, Unread

Namespaces = Callable[[], list[str]]
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"


@dataclass(frozen=True)
class Verb:
    """A right, and the channels it would open. `everywhere`: it is no namespace's."""

    verb: str
    resource: str  # with its sub-resource, as RBAC writes it
    channels: tuple[str, ...]
    group: str = ""
    everywhere: bool = False

    @property
    def name(self) -> str:
        return f"api-{self.verb}-{self.resource.replace('/', '-')}"


VERBS = (
    Verb("list", "secrets", ("TEN-06", "SEC-02")),
    Verb("create", "pods", ("TEN-06",)),
    Verb("create", "pods/exec", ("K8S-04", "TEN-06")),
    Verb("create", "pods/attach", ("K8S-04", "TEN-06")),
    Verb("create", "pods/portforward", ("K8S-04", "TEN-06")),
    Verb("get", "pods/proxy", ("K8S-04", "K8S-22")),
    Verb("get", "pods/log", ("K8S-04", "TEN-10")),
    Verb("update", "pods/ephemeralcontainers", ("K8S-04", "TEN-06")),
    Verb("create", "serviceaccounts/token", ("K8S-25", "TEN-06")),
    Verb("update", "configmaps", ("TEN-06",)),
    Verb("create", "networkpolicies", ("K8S-09", "TEN-06"), "networking.k8s.io"),
    Verb("create", "rolebindings", ("TEN-06",), _RBAC),
    Verb("create", "clusterrolebindings", ("TEN-06",), _RBAC, everywhere=True),
    Verb("update", "namespaces", ("K8S-09",), everywhere=True),
    Verb("impersonate", "users", ("TEN-06",), everywhere=True),
    Verb("get", "nodes/proxy", ("K8S-22",), everywhere=True),
    Verb("delete", "validatingadmissionpolicies", ("K8S-17",), _ADMISSION, everywhere=True),
)


def probes(api: Callable[[], Api], teams: Namespaces) -> Iterator[Probe]:
    """Reviews of every verb, the few real attempts, and one without any identity."""
    for verb in VERBS:
        where = "of the cluster" if verb.everywhere else "in every namespace and each team's"
        yield Probe(
            verb.name,
            verb.channels,
            f"whether it may {verb.verb} {verb.resource} {where}",
            partial(_reviewed, api, verb, _nowhere if verb.everywhere else teams),
        )
    yield Probe(
        "api-secrets",
        ("TEN-06", "SEC-02"),
        "to list the secrets of all namespaces",
        lambda: _refused(api(), "GET", "/api/v1/secrets?limit=1"),
    )
    yield Probe(
        "api-pod",
        ("TEN-06",),
        "to start a pod in each team's namespace (dryRun)",
        lambda: _no_pod(api(), teams()),
    )
    yield Probe(
        "api-binding",
        ("TEN-06",),
        "to make itself an administrator (dryRun)",
        lambda: _refused(api(), "POST", f"/apis/{_RBAC}/v1/clusterrolebindings?dryRun=All", _administrator()),
    )
    yield Probe(
        "api-anonymous",
        ("K8S-05",),
        "to list namespaces without any identity",
        lambda: _refused(api(), "GET", "/api/v1/namespaces?limit=1", anonymous=True),
    )


def _nowhere() -> list[str]:
    return []


def _reviewed(api: Callable[[], Api], verb: Verb, namespaces: Namespaces) -> Result:
    """An empty namespace asks for all of them."""
    return each({name or "everywhere": partial(_review, api(), verb, name) for name in ("", *namespaces())})


def _ask(api: Api, method: str, target: str, body: Any = None, *, anonymous: bool = False) -> tuple[int, Any]:
    try:
        return api.ask(method, target, body, anonymous=anonymous)
    except Unread as error:
        raise Untried(f"the API server: {error}") from None


def _review(api: Api, verb: Verb, namespace: str) -> Result:
    resource, _, sub = verb.resource.partition("/")
    asked = {
        "namespace": namespace,
        "verb": verb.verb,
        "group": verb.group,
        "resource": resource,
        "subresource": sub,
    }
    status, answer = _ask(api, "POST", _REVIEWS, {"spec": {"resourceAttributes": asked}})
    said = answer.get("status")
    if status != 201 or not isinstance(said, dict) or not isinstance(said.get("allowed"), bool):
        raise Untried(f"the review answers {status}: {answer.get('message', '')}")
    if said["allowed"]:
        return escaped(f"allowed: {said.get('reason') or 'no reason given'}")
    return held("denied")


def _refused(api: Api, method: str, target: str, body: Any = None, *, anonymous: bool = False) -> Result:
    status, answer = _ask(api, method, target, body, anonymous=anonymous)
    if 200 <= status < 300:
        return escaped(f"answers {status}")
    if status in (401, 403, 422):  # 422: an admission policy, where rights alone would not have refused
        return held(f"refused with {status}")
    raise Untried(f"answers {status}: {answer.get('message', '')}")


def _no_pod(api: Api, namespaces: list[str]) -> Result:
    if not namespaces:
        return held("there is no team yet")
    return each(
        {
            name: partial(_refused, api, "POST", f"/api/v1/namespaces/{name}/pods?dryRun=All", _pod())
            for name in namespaces
        }
    )


def _pod() -> dict[str, Any]:
    """What no namespace of a team admits either; nothing pulls the image of a dry run."""
    container = {"name": "canary", "image": "canary.invalid/none", "args": [MARK.decode()]}
    return {"metadata": {"generateName": "cloister-canary-"}, "spec": {"containers": [container]}}


def _administrator() -> dict[str, Any]:
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"apiGroup": _RBAC, "kind": "Group", "name": MARK.decode()}
    return {
        "metadata": {"generateName": "cloister-canary-"},
        "roleRef": reference,
        "subjects": [subject],
    }
