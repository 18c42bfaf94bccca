"""Whose certificates are believed. The image has no authorities of a system's own, but those that come with `requests`."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def context() -> ssl.SSLContext:
    """For connections to Google."""
    import certifi  # what google-cloud-storage's own connections believe

    return ssl.create_default_context(cafile=certifi.where())
