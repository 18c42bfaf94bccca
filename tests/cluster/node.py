"""The cluster's components as processes: configuration, start, readiness, stop."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from tests.cluster import identities, images, parts

BRIDGE, ADDRESS, PODS = "clo0", "10.244.0.1", "10.244.0.0/24"
SERVICES, FIRST_SERVICE = "10.96.0.0/24", "10.96.0.1"
SERVER = f"https://{ADDRESS}:6443"
NODE = "node1"
PAUSE = "localhost/pause:1"
STATE = Path(".cloister/cluster")


class Failed(Exception):
    """A component did not come up; the message names its log."""


def kubeconfig() -> Path:
    """The cluster that tests use: KUBECONFIG's, else the one of this tree."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named) if named else parts.HERE.parents[1] / STATE / "admin.kubeconfig"


def local() -> Node | None:
    """The running local cluster whose kubeconfig that is, this tree's or another's."""
    node = Node(kubeconfig().parent)
    return node if node.running().get("kubelet") else None


class Node:
    """One node whose whole state lies in ``state``."""

    def __init__(self, state: Path) -> None:
        self.state = state.absolute()
        self.pki = self.state / "pki"
        self.kubeconfig = self.state / "admin.kubeconfig"

    def up(self) -> None:
        """Start what is not running, in order; returns when the node is Ready. Raises ``Failed``."""
        binary = parts.kubernetes().build()
        for folder in ("bin", "log", "etcd", "cni", "containerd", "kubelet", "run"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        for name in (*parts.COMPONENTS, "pause"):
            link = self.state / "bin" / name
            link.unlink(missing_ok=True)
            link.symlink_to(binary)
        if not self.kubeconfig.exists():
            self._identities()
        self._bridge()
        self._start("etcd", self._etcd())
        self._start("kube-apiserver", self._apiserver())
        self._await("kube-apiserver", lambda: self.kubectl("get", "--raw", "/readyz").returncode == 0)
        self._start("kube-controller-manager", self._controller_manager())
        self._start("kube-scheduler", self._scheduler())
        self._start("containerd", self._containerd())
        self._await("containerd", lambda: self.ctr("version").returncode == 0)
        self._pause_image(binary)
        self._start("kubelet", self._kubelet())
        self._await("kubelet", lambda: " Ready" in self.kubectl("get", "nodes", "--no-headers").stdout)
        self._start("kube-proxy", self._proxy())
        self._start("coredns", self._dns())
        applied = self.kubectl("apply", "-f", str(parts.HERE / "crds.yaml"))
        if applied.returncode:
            raise Failed(applied.stderr.strip())

    def down(self) -> None:
        """Stop every process and unmount what they left. The state stays, so that ``up`` resumes it."""
        for name in ("coredns", "kube-proxy", "kubelet", "kube-scheduler", "kube-controller-manager"):
            self._stop(name)
        if self._alive("containerd"):
            tasks = self.ctr("-n", "k8s.io", "tasks", "ls", "-q").stdout.split()
            for task in tasks:
                self.ctr("-n", "k8s.io", "tasks", "rm", "-f", task)
        for name in ("containerd", "kube-apiserver", "etcd"):
            self._stop(name)
        self._unmount()
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)

    def restart(self, name: str) -> None:
        """Kill a component without warning and start it again: for tests of faults."""
        command = json.loads((self.state / "run" / f"{name}.json").read_text())
        self._stop(name, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not self._alive(name):  # its port may be held until the last of its threads has gone
            if time.monotonic() > deadline:
                raise Failed(f"{name} does not start again: see {self.state}/log/{name}")
            self._start(name, command)
            time.sleep(0.5)

    def running(self) -> dict[str, bool]:
        """Whether each component that was ever started still runs."""
        return {path.stem: self._alive(path.stem) for path in sorted((self.state / "run").glob("*.json"))}

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments], capture_output=True, text=True
        )

    def ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        socket = str(self.state / "containerd" / "sock")
        return subprocess.run(["ctr", "--address", socket, *arguments], capture_output=True, text=True)

    def load_image(self, archive: Path) -> None:
        """Make an image archive available to pods. Raises ``Failed`` with containerd's words."""
        done = self.ctr("-n", "k8s.io", "images", "import", str(archive))
        if done.returncode:
            raise Failed(f"{archive}: {done.stderr.strip()}")

    def _identities(self) -> None:
        identities.make_authority(self.pki)
        names = f"IP:127.0.0.1,IP:{ADDRESS},IP:{FIRST_SERVICE},DNS:localhost,DNS:kubernetes.default.svc"
        identities.make_certificate(self.pki, "apiserver", "/CN=kube-apiserver", names)
        for name, subject in {
            "controller-manager": "/CN=system:kube-controller-manager",
            "scheduler": "/CN=system:kube-scheduler",
            "proxy": "/CN=system:kube-proxy",
            "node": f"/O=system:nodes/CN=system:node:{NODE}",
            "admin": "/O=system:masters/CN=admin",
        }.items():
            identities.make_certificate(self.pki, name, subject, f"DNS:{name}")
            identities.write_kubeconfig(self.state / f"{name}.kubeconfig", self.pki, name, SERVER)

    def _bridge(self) -> None:
        if subprocess.run(["ip", "link", "show", BRIDGE], capture_output=True).returncode:
            for command in (
                f"ip link add {BRIDGE} type bridge",
                f"ip addr add {ADDRESS}/24 dev {BRIDGE}",
                f"ip link set {BRIDGE} up",
            ):
                subprocess.run(command.split(), check=True)
        bridge = {
            "type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": SERVICES}]},
        }  # fmt: skip
        network = {"cniVersion": "0.4.0", "name": "cloister", "plugins": [bridge, {"type": "loopback"}]}
        (self.state / "cni" / "10-bridge.conflist").write_text(json.dumps(network))

    def _etcd(self) -> list[str]:
        return [
            "etcd", "--data-dir", f"{self.state}/etcd", "--listen-client-urls", "http://127.0.0.1:2379",
            "--advertise-client-urls", "http://127.0.0.1:2379", "--listen-peer-urls", "http://127.0.0.1:2380",
        ]  # fmt: skip

    def _apiserver(self) -> list[str]:
        pki = self.pki
        return [
            f"{self.state}/bin/kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
            f"--bind-address={ADDRESS}", f"--advertise-address={ADDRESS}", "--secure-port=6443",
            f"--client-ca-file={pki}/ca.crt", f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki}/sa.key", f"--service-account-signing-key-file={pki}/sa.key",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true",
            "--kubelet-preferred-address-types=InternalIP", f"--kubelet-client-certificate={pki}/admin.crt",
            f"--kubelet-client-key={pki}/admin.key",
        ]  # fmt: skip

    def _controller_manager(self) -> list[str]:
        own = f"{self.state}/controller-manager.kubeconfig"
        return [
            f"{self.state}/bin/kube-controller-manager", f"--kubeconfig={own}", f"--authentication-kubeconfig={own}",
            f"--authorization-kubeconfig={own}", f"--service-account-private-key-file={self.pki}/sa.key",
            f"--root-ca-file={self.pki}/ca.crt", "--use-service-account-credentials", "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ]  # fmt: skip

    def _scheduler(self) -> list[str]:
        own = f"{self.state}/scheduler.kubeconfig"
        return [
            f"{self.state}/bin/kube-scheduler", f"--kubeconfig={own}", f"--authentication-kubeconfig={own}",
            f"--authorization-kubeconfig={own}", "--bind-address=127.0.0.1", "--leader-elect=false",
        ]  # fmt: skip

    def _containerd(self) -> list[str]:
        folder = self.state / "containerd"
        (folder / "config.toml").write_text(
            f"""version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder}/sock"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{parts.CNI}"
    conf_dir = "{self.state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
        )
        return ["containerd", "-c", str(folder / "config.toml")]

    def _pause_image(self, binary: Path) -> None:
        if PAUSE in self.ctr("-n", "k8s.io", "images", "ls", "-q").stdout:
            return
        image = self.state / "pause.tar"
        images.archive(image, PAUSE, {"/pause": binary}, ["/pause"], platform.machine())
        self.load_image(image)
        image.unlink()

    def _kubelet(self) -> list[str]:
        configuration = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{self.pki}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "failSwapOn": False,
            "failCgroupV1": False,
            "containerRuntimeEndpoint": f"unix://{self.state}/containerd/sock",
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,  # no image comes back by itself, on however full a disk
            "clusterDomain": "cluster.local",
            "clusterDNS": [ADDRESS],
            "resolvConf": "/dev/null",
        }
        file = self.state / "kubelet" / "config.yaml"
        file.write_text(yaml.safe_dump(configuration))
        return [
            f"{self.state}/bin/kubelet", f"--config={file}", f"--kubeconfig={self.state}/node.kubeconfig",
            f"--hostname-override={NODE}", f"--root-dir={self.state}/kubelet/root", f"--node-ip={ADDRESS}",
        ]  # fmt: skip

    def _proxy(self) -> list[str]:
        return [
            f"{self.state}/bin/kube-proxy", f"--kubeconfig={self.state}/proxy.kubeconfig", "--proxy-mode=iptables",
            f"--cluster-cidr={PODS}", f"--hostname-override={NODE}", "--conntrack-max-per-core=0",
        ]  # fmt: skip

    def _dns(self) -> list[str]:
        """Names of the cluster and nothing else: as the private root zone of the stacks answers."""
        file = self.state / "Corefile"
        file.write_text(
            f""".:53 {{
  bind {ADDRESS}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {self.kubeconfig}
  }}
  template ANY ANY . {{
    rcode NXDOMAIN
  }}
}}
"""
        )
        return [str(parts.dns().build()), "-conf", str(file)]

    def _start(self, name: str, command: list[str]) -> None:
        if self._alive(name):
            return
        with (self.state / "log" / name).open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        (self.state / "run" / f"{name}.pid").write_text(str(process.pid))
        (self.state / "run" / f"{name}.json").write_text(json.dumps(command))

    def _alive(self, name: str) -> bool:
        """Whether the recorded process runs and is still the one that was started."""
        try:
            pid = int((self.state / "run" / f"{name}.pid").read_text())
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            started = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        except (OSError, ValueError):
            return False
        return state != "Z" and Path(started).name == name

    def _stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        if not self._alive(name):
            return
        pid = int((self.state / "run" / f"{name}.pid").read_text())
        os.kill(pid, how)
        deadline = time.monotonic() + 15
        while self._alive(name):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        while not ready():
            if not self._alive(name) or time.monotonic() > deadline:
                raise Failed(f"{name} did not become ready: see {self.state}/log/{name}")
            time.sleep(0.2)

    def _unmount(self) -> None:
        for point in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "-l", point], capture_output=True)

    def _mounts(self) -> Iterator[str]:
        for line in Path("/proc/self/mounts").read_text().splitlines():
            point = line.split()[1]
            if point.startswith(f"{self.state}/"):
                yield point
