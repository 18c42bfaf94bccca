"""Certificates and kubeconfigs of the cluster's components, made with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

_DAYS = "30"


def make_authority(pki: Path) -> None:
    """The cluster's certificate authority and the key service account tokens are signed with."""
    pki.mkdir(parents=True, exist_ok=True)
    _openssl("genrsa", "-out", pki / "sa.key", "2048")
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pki / "ca.key", "-out", pki / "ca.crt",
        "-subj", "/CN=cloister-local", "-days", _DAYS,
    )  # fmt: skip


def make_certificate(pki: Path, name: str, subject: str, alternative_names: str) -> None:
    """A key and certificate ``name`` for ``subject`` (``/O=group/CN=user``)."""
    _openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        pki / f"{name}.key",
        "-out",
        pki / f"{name}.csr",
        "-subj",
        subject,
    )
    extensions = pki / f"{name}.ext"
    extensions.write_text(f"subjectAltName={alternative_names}\n")
    _openssl(
        "x509", "-req", "-in", pki / f"{name}.csr", "-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-CAcreateserial",
        "-days", _DAYS, "-out", pki / f"{name}.crt", "-extfile", extensions,
    )  # fmt: skip


def write_kubeconfig(path: Path, pki: Path, name: str, server: str) -> None:
    """A kubeconfig for the certificate ``name``."""
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "local", "cluster": {"server": server, "certificate-authority": str(pki / "ca.crt")}}
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate": str(pki / f"{name}.crt"),
                    "client-key": str(pki / f"{name}.key"),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": "local", "user": name}}],
        "current-context": name,
    }
    path.write_text(yaml.safe_dump(tree))


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
