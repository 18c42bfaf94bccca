"""``python -m tests.cluster.argo``: build the controller and the executor that the tests of deployed flows run."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.cluster.argo import CONTROLLER, EXECUTOR, build, version


def main() -> int:
    """0 done; 1 the build failed; 3 Go is missing (a named skip)."""
    if shutil.which("go") is None:
        print("skipped: no Argo Workflows here; go is missing: apt-get install golang", file=sys.stderr)
        return 3
    for program in (CONTROLLER, EXECUTOR):
        print(f"{program} {version()} ...", flush=True)
        try:
            print(build(program))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{program} was not built: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
