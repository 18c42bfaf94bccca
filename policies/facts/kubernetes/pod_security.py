"""What a pod asks for beyond its container: the checks of the Pod Security Standard `baseline`, one break each.

Source: kubernetes.io/docs/concepts/security/pod-security-standards (v1.34, in which probes and hooks to other hosts are
breaks too).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.kubernetes.namespaces import namespace
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.resource import Block
from policies.facts.world import World, fact

Kind = Literal[
    "host network", "host processes", "privileged", "host path", "capability", "unconfined", "host port"
]

# Capabilities that baseline lets a container add: those of the container runtime's default set.
_HARMLESS = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)  # fmt: skip
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SELINUX = frozenset({"container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


@dataclass(frozen=True, slots=True)
class Break:
    """``does``: what the pod gets by it, a phrase after "which". ``unknown``: the value is not known."""

    kind: Kind
    does: str
    attribute: str
    unknown: Unknown | None = None


@fact
def breaks(world: World) -> tuple[tuple[Workload, Break], ...]:
    """Every break of `baseline` by the pods of workloads."""
    return tuple((workload, found) for workload in workloads(world) for found in _breaks(workload))


def held(world: World, workload: Workload) -> bool:
    """Whether Pod Security of its namespace refuses such a pod."""
    return isinstance(workload.namespace, str) and namespace(world, workload.namespace).contained


def _breaks(workload: Workload) -> Iterator[Break]:
    spec = workload.spec
    yield from _true(workload, spec, "hostNetwork", "host network", "shares the node's network")
    yield from _true(workload, spec, "hostPID", "host processes", "sees every process of the node")
    yield from _true(workload, spec, "hostIPC", "host processes", "shares the node's memory segments")
    yield from _context(workload, spec)
    for block in spec.blocks("securityContext.sysctls"):
        name = block.get("name")
        if name is not None and name not in _SYSCTLS:
            unknown = name if isinstance(name, Unknown) else None
            yield Break(
                "unconfined", f"sets the kernel parameter {_word(name)}", workload.at(block, "name"), unknown
            )
    for volume in spec.blocks("volumes"):
        if volume.get("hostPath") is not None:
            path = volume.get("hostPath.path", "/")
            unknown = path if isinstance(path, Unknown) else None
            yield Break(
                "host path", f"mounts {_word(path)} of the node", workload.at(volume, "hostPath"), unknown
            )
    for container in workload.containers():
        yield from _container(workload, container)
    yield from _apparmor(workload)


def _container(workload: Workload, container: Block) -> Iterator[Break]:
    yield from _true(
        workload, container, "securityContext.privileged", "privileged", "has every right of the node's root"
    )
    yield from _context(workload, container)
    added = container.get("securityContext.capabilities.add", ())
    attribute = workload.at(container, "securityContext.capabilities.add")
    if isinstance(added, Unknown):
        yield Break("capability", "adds capabilities that are not known", attribute, added)
    else:
        for name in added if isinstance(added, list | tuple) else (added,):
            if str(name).upper().removeprefix("CAP_") not in _HARMLESS:
                yield Break("capability", f"adds the capability {name}", attribute)
    mount = container.get("securityContext.procMount", "Default")
    if mount != "Default":
        unknown = mount if isinstance(mount, Unknown) else None
        yield Break(
            "unconfined",
            "sees an unmasked /proc",
            workload.at(container, "securityContext.procMount"),
            unknown,
        )
    for port in container.blocks("ports"):
        value = port.get("hostPort", 0)
        if isinstance(value, Unknown) or str(value) not in ("0", ""):
            unknown = value if isinstance(value, Unknown) else None
            yield Break("host port", "listens on a port of the node", workload.at(port, "hostPort"), unknown)


def _context(workload: Workload, block: Block) -> Iterator[Break]:
    """The parts of a security context that pods and containers share."""
    for name, does in (
        ("seccompProfile", "is not held by seccomp"),
        ("appArmorProfile", "is not held by AppArmor"),
    ):
        value = block.get(f"securityContext.{name}.type")
        if value == "Unconfined" or isinstance(value, Unknown):
            unknown = value if isinstance(value, Unknown) else None
            yield Break("unconfined", does, workload.at(block, f"securityContext.{name}.type"), unknown)
    label = block.get("securityContext.seLinuxOptions.type")
    if label is not None and label not in _SELINUX:
        unknown = label if isinstance(label, Unknown) else None
        attribute = workload.at(block, "securityContext.seLinuxOptions.type")
        yield Break("unconfined", f"runs under the SELinux type {_word(label)}", attribute, unknown)
    yield from _true(
        workload,
        block,
        "securityContext.windowsOptions.hostProcess",
        "privileged",
        "runs as a process of the node",
    )


def _apparmor(workload: Workload) -> Iterator[Break]:
    notes = workload.annotations
    if isinstance(notes, Unknown):
        return
    for key, value in notes.items():
        if str(key).startswith(_APPARMOR) and value == "unconfined":
            attribute = workload.obj.where("metadata.annotations")
            yield Break("unconfined", "is not held by AppArmor", attribute)


def _true(workload: Workload, block: Block, path: str, kind: Kind, does: str) -> Iterator[Break]:
    value: Any = block.get(path)
    if isinstance(value, Unknown):
        yield Break(kind, does, workload.at(block, path), value)
    elif str(value).lower() == "true":
        yield Break(kind, does, workload.at(block, path))


def _word(value: Any) -> str:
    return "something that is not known" if isinstance(value, Unknown) else str(value)
