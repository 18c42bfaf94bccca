"""Google's certificates can be checked where the system has no authorities of its own: in the image."""

from __future__ import annotations

import subprocess
import sys

COUNT = "from runner.image import trust; print(trust.context().cert_store_stats()['x509_ca'])"


def test_authorities_come_with_the_runner() -> None:
    nowhere = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", COUNT], env=nowhere, capture_output=True, text=True)
    assert int(done.stdout) > 50, done.stderr
    default = COUNT.replace("from runner.image import trust", "import ssl as trust").replace(
        "context()", "create_default_context()"
    )
    done = subprocess.run([sys.executable, "-c", default], env=nowhere, capture_output=True, text=True)
    assert int(done.stdout) == 0, "the test would not see the difference"
