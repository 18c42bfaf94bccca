"""The roles every cluster has, as rules. Source: kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy (v1.34)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One PolicyRule. ``names``: the only objects it is about, empty for all."""

    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[str] = frozenset()


def _rule(groups: str, resources: str, verbs: str) -> Rule:
    """Words by spaces; ``core`` is the group without a name."""
    return Rule(
        frozenset("" if group == "core" else group for group in groups.split()),
        frozenset(resources.split()),
        frozenset(verbs.split()),
    )


_READ = "get list watch"
_CHANGE = "create delete deletecollection patch update"

VIEW = (
    _rule(
        "core",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
        "replicationcontrollers/scale serviceaccounts services services/status bindings events limitranges "
        "namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status "
        "namespaces",
        _READ,
    ),
    _rule("discovery.k8s.io", "endpointslices", _READ),
    _rule(
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets "
        "replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
        _READ,
    ),
    _rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
    _rule("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
    _rule(
        "extensions networking.k8s.io policy",
        "daemonsets deployments ingresses ingresses/status networkpolicies poddisruptionbudgets "
        "poddisruptionbudgets/status replicasets",
        _READ,
    ),
)
EDIT = (
    *VIEW,
    _rule("core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
    _rule("core", "serviceaccounts", "impersonate"),
    _rule("core", "pods pods/attach pods/exec pods/portforward pods/proxy", _CHANGE),
    _rule("core", "pods/eviction serviceaccounts/token", "create"),
    _rule(
        "core",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
        "serviceaccounts services services/proxy",
        _CHANGE,
    ),
    _rule(
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets "
        "statefulsets/scale",
        _CHANGE,
    ),
    _rule("autoscaling", "horizontalpodautoscalers", _CHANGE),
    _rule("batch", "cronjobs jobs", _CHANGE),
    _rule(
        "extensions networking.k8s.io policy",
        "daemonsets deployments ingresses networkpolicies poddisruptionbudgets replicasets",
        _CHANGE,
    ),
    _rule("coordination.k8s.io", "leases", f"{_READ} {_CHANGE}"),
)
ADMIN = (
    *EDIT,
    _rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    _rule("rbac.authorization.k8s.io", "rolebindings roles", f"{_READ} {_CHANGE}"),
)
ALL = (_rule("*", "*", "*"),)

BUILTIN: dict[str, tuple[Rule, ...]] = {
    "view": VIEW,
    "edit": EDIT,
    "admin": ADMIN,
    "cluster-admin": ALL,
    # What every user and the discovery clients get: nothing of anybody's data.
    "system:basic-user": (
        _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
    ),
    "system:discovery": (),
    "system:public-info-viewer": (),
    "system:service-account-issuer-discovery": (),
    "system:auth-delegator": (_rule("authentication.k8s.io", "tokenreviews", "create"),),
    "system:monitoring": (),
    "system:aggregate-to-view": VIEW,
    "system:aggregate-to-edit": EDIT,
    "system:aggregate-to-admin": ADMIN,
    "system:node-proxier": (_rule("core", "nodes services endpoints", _READ),),
    "system:persistent-volume-provisioner": (_rule("core", "persistentvolumes", f"{_READ} create delete"),),
}
