"""Pod Security: the labels that hold a namespace's pods to `restricted`."""

from __future__ import annotations

# The version that refuses probes and hooks to other hosts in `baseline` already.
VERSION = "v1.34"
_PREFIX = "pod-security.kubernetes.io"
_MODES = ("enforce", "audit", "warn")

RESTRICTED_LABELS = {
    **{f"{_PREFIX}/{mode}": "restricted" for mode in _MODES},
    **{f"{_PREFIX}/{mode}-version": VERSION for mode in _MODES},
}
