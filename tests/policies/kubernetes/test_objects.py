"""Objects read alike wherever they are written: typed resources, manifests, YAML payloads, synthesized or planned."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from policies.facts.kubernetes.objects import Object, objects, opaque
from policies.facts.kubernetes.workloads import workloads
from policies.facts.world import World
from tests.policies.network.worlds import world_of

TYPED: dict[str, Any] = {
    "metadata": {"name": "app", "namespace": "team-a", "labels": {"app": "app"}, "annotations": {"my_note": "x"}},
    "spec": {
        "selector": {"match_labels": {"app_name": "app"}},
        "template": {
            "metadata": {"labels": {"app_name": "app"}},
            "spec": {
                "service_account_name": "app",
                "automount_service_account_token": False,
                "host_pid": True,
                "host_ipc": False,
                "node_selector": {"cloud.google.com/my_pool": "x"},
                "image_pull_secrets": [{"name": "s"}],
                "toleration": [{"key": "k", "operator": "Exists"}],
                "dns_config": {"nameservers": ["1.1.1.1"], "option": [{"name": "ndots"}]},
                "init_container": [{"name": "i", "image": "x"}],
                "container": [
                    {
                        "name": "app",
                        "image": "y",
                        "env": [{"name": "A", "value_from": {"config_map_key_ref": {"name": "c", "key": "k"}}}],
                        "env_from": [{"secret_ref": {"name": "s"}}],
                        "port": [{"container_port": 80, "host_port": 8080, "host_ip": "0.0.0.0"}],
                        "resources": {"limits": {"nvidia.com/my_gpu": "1"}},
                        "volume_mount": [{"name": "v", "mount_path": "/v", "read_only": True}],
                        "liveness_probe": {"http_get": {"path": "/", "port": "80", "http_header": [{"name": "h", "value": "v"}]}},
                        "lifecycle": {"pre_stop": {"tcp_socket": {"host": "h", "port": "1"}}},
                        "security_context": {"run_as_non_root": True, "se_linux_options": {"type": "t"},
                                             "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}},
                    }
                ],
                "volume": [
                    {"name": "v", "csi": {"driver": "d", "volume_attributes": {"bucket_name": "b"}}},
                    {"name": "p", "projected": {"sources": [{"service_account_token": {"audience": "a", "path": "t"}},
                                                            {"config_map": {"name": "c"}}]}},
                    {"name": "d", "downward_api": {"items": [{"path": "x"}]}},
                    {"name": "c", "ceph_fs": {"monitors": ["m"]}},
                ],
            },
        },
    },
}  # fmt: skip
MANIFEST: dict[str, Any] = {
    "metadata": TYPED["metadata"],
    "spec": {
        "selector": {"matchLabels": {"app_name": "app"}},
        "template": {
            "metadata": {"labels": {"app_name": "app"}},
            "spec": {
                "serviceAccountName": "app",
                "automountServiceAccountToken": False,
                "hostPID": True,
                "hostIPC": False,
                "nodeSelector": {"cloud.google.com/my_pool": "x"},
                "imagePullSecrets": [{"name": "s"}],
                "tolerations": [{"key": "k", "operator": "Exists"}],
                "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "ndots"}]},
                "initContainers": [{"name": "i", "image": "x"}],
                "containers": [
                    {
                        "name": "app",
                        "image": "y",
                        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}],
                        "envFrom": [{"secretRef": {"name": "s"}}],
                        "ports": [{"containerPort": 80, "hostPort": 8080, "hostIP": "0.0.0.0"}],
                        "resources": {"limits": {"nvidia.com/my_gpu": "1"}},
                        "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": True}],
                        "livenessProbe": {"httpGet": {"path": "/", "port": "80", "httpHeaders": [{"name": "h", "value": "v"}]}},
                        "lifecycle": {"preStop": {"tcpSocket": {"host": "h", "port": "1"}}},
                        "securityContext": {"runAsNonRoot": True, "seLinuxOptions": {"type": "t"},
                                            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}},
                    }
                ],
                "volumes": [
                    {"name": "v", "csi": {"driver": "d", "volumeAttributes": {"bucket_name": "b"}}},
                    {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"audience": "a", "path": "t"}},
                                                            {"configMap": {"name": "c"}}]}},
                    {"name": "d", "downwardAPI": {"items": [{"path": "x"}]}},
                    {"name": "c", "cephfs": {"monitors": ["m"]}},
                ],
            },
        },
    },
}  # fmt: skip
WHOLE = {"apiVersion": "apps/v1", "kind": "Deployment", **MANIFEST}


FORMS: dict[str, dict[str, Any]] = {
    "typed": {"kubernetes_deployment": {"d": TYPED}},
    "typed v1": {"kubernetes_deployment_v1": {"d": TYPED}},
    "as a plan": {"kubernetes_deployment_v1": {"d": {**TYPED, "metadata": [TYPED["metadata"]], "spec": [
        {**TYPED["spec"], "selector": [TYPED["spec"]["selector"]], "template": [
            {"metadata": [TYPED["spec"]["template"]["metadata"]], "spec": [TYPED["spec"]["template"]["spec"] | {"host_aliases": []}]}
        ]}
    ]}}},
    "manifest": {"kubernetes_manifest": {"d": {"manifest": WHOLE}}},
    "YAML": {"kubectl_manifest": {"d": {"yaml_body": yaml.safe_dump(WHOLE)}}},
    "YAML of several": {"kubectl_manifest": {"d": {"yaml_body": "---\n" + yaml.safe_dump(WHOLE) + "\n---\n"}}},
    "a list": {"kubernetes_manifest": {"d": {"manifest": {"apiVersion": "v1", "kind": "List", "items": [WHOLE]}}}},
    "JSON": {"kustomization_resource": {"d": {"manifest": json.dumps(WHOLE)}}},
}  # fmt: skip


def only(world: World) -> Object:
    (found,) = objects(world, "Deployment")
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_object(form: str) -> None:
    world = world_of(FORMS[form])
    found = only(world)
    body = {key: value for key, value in found.body.values.items() if key not in ("apiVersion", "kind")}
    assert body["spec"]["template"]["spec"].pop("hostAliases", []) == []
    assert body == MANIFEST
    assert (found.name, found.namespace, found.group) == ("app", "team-a", "apps")
    (workload,) = workloads(world)
    assert [c.get("name") for c in workload.containers()] == ["app", "i"]
    assert str(workload) == "deployment app of namespace team-a"


@pytest.mark.parametrize(
    ("path", "typed", "manifest"),
    [
        ("spec.template.spec.containers[0].securityContext.runAsNonRoot",
         "spec.template.spec.container[0].security_context.run_as_non_root",
         "manifest.spec.template.spec.containers[0].securityContext.runAsNonRoot"),
        ("spec.template.spec.hostPID", "spec.template.spec.host_pid", "manifest.spec.template.spec.hostPID"),
        ("spec.template.spec.volumes[0].csi.volumeAttributes.bucket_name",
         "spec.template.spec.volume[0].csi.volume_attributes.bucket_name",
         "manifest.spec.template.spec.volumes[0].csi.volumeAttributes.bucket_name"),
        ("spec.template.spec.imagePullSecrets", "spec.template.spec.image_pull_secrets",
         "manifest.spec.template.spec.imagePullSecrets"),
        ("spec.template.spec.containers[0].ports[0].hostIP", "spec.template.spec.container[0].port[0].host_ip",
         "manifest.spec.template.spec.containers[0].ports[0].hostIP"),
    ],
)  # fmt: skip
def test_evidence_names_the_argument_as_it_is_written(path: str, typed: str, manifest: str) -> None:
    assert only(world_of(FORMS["typed"])).where(path) == typed
    assert only(world_of(FORMS["manifest"])).where(path) == manifest
    assert only(world_of(FORMS["YAML"])).where(path) == "yaml_body"


def test_a_persistent_volumes_source_is_its_spec() -> None:
    world = world_of(
        {"kubernetes_persistent_volume": {"v": {"metadata": {"name": "v"}, "spec": {
            "persistent_volume_source": {"nfs": {"server": "s", "path": "/"}}, "access_modes": ["ReadWriteMany"]}}}}
    )  # fmt: skip
    (found,) = objects(world, "PersistentVolume")
    assert found.body.get("spec.nfs.server") == "s"
    assert found.where("spec.nfs.server") == "spec.persistent_volume_source.nfs.server"
    assert found.where("spec.accessModes") == "spec.access_modes"
    assert found.namespace is None


@pytest.mark.parametrize(
    "resource",
    [
        {"kubectl_manifest": {"x": {"yaml_body": "a: [b"}}},
        {"kubectl_manifest": {"x": {"yaml_body": 3}}},
        {"kubernetes_manifest": {"x": {"manifest": {"spec": {}}}}},
        {"kubernetes_manifest": {"x": {"manifest": "${var.nowhere}"}}},
        {"kubernetes_manifest": {"x": {"manifest": {"kind": "${var.nowhere}", "apiVersion": "v1"}}}},
    ],
)
def test_what_cannot_be_read_is_opaque(resource: dict[str, Any]) -> None:
    (found,) = opaque(world_of(resource))
    assert found.why


def test_an_empty_block_is_there_and_an_empty_list_is_not() -> None:
    body = {"metadata": {"name": "p", "namespace": "a"}, "spec": {"policy_types": ["Egress"], "pod_selector": [None],
            "egress": [{"to": [{"ip_block": [], "pod_selector": [None], "namespace_selector": []}]}]}}  # fmt: skip
    (found,) = objects(world_of({"kubernetes_network_policy": {"p": body}}), "NetworkPolicy")
    assert found.body.values["spec"]["podSelector"] == {}
    assert found.body.values["spec"]["egress"] == [{"to": [{"podSelector": {}}]}]
