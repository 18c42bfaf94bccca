"""`python -m runner.container [TARGET]`: build an image to an OCI layout below .cloister/, and print its digest."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from runner.container import image, wheels

OUT = image.RUNNER.out
DONE, FAILED, SKIPPED = 0, 1, 3


def main(arguments: list[str]) -> int:
    """0 built; 1 a step failed; 3 a part of this machine is missing (a named skip)."""
    parser = argparse.ArgumentParser(prog="python -m runner.container", description=__doc__)
    parser.add_argument("target", nargs="?", choices=image.TARGETS, default="runner", help="default: runner")
    parser.add_argument(
        "--base",
        default=os.environ.get("BASE") or None,
        help="the base image; default: one of debootstrap's where that is here, else runner/Dockerfile's",
    )
    parser.add_argument("--fresh", action="store_true", help="build it again, debootstrap's base too")
    parser.add_argument("--out", type=Path, help="where the OCI layout goes")
    options = parser.parse_args(arguments)
    target = image.TARGETS[options.target]
    out = options.out or target.out
    builder = image.tool()
    if builder is None:
        print("skipped: no image here; apt-get install podman", file=sys.stderr)
        return SKIPPED
    built = image.Layout(out, target)
    if built.current and options.base is None and not options.fresh:
        print(f"{target.stage}@{built.digest} is built from these sources already")
        return DONE
    try:
        image.build(builder, options.base, out, fresh=options.fresh, target=target)
    except wheels.NotDownloaded as error:
        print(error, file=sys.stderr)
        return FAILED
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd[:2]))} failed: see {out}/log", file=sys.stderr)
        return FAILED
    print(f"{target.stage}@{built.digest}, {built.size / 1e6:.1f} MB compressed, in {built.oci}")
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
