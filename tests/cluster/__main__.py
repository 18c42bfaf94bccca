"""``python -m tests.cluster up|down|build|status``."""

from __future__ import annotations

import sys
import time

from tests.cluster import parts
from tests.cluster.node import STATE, Failed, Node


def main(arguments: list[str]) -> int:
    """0 done; 1 a component failed; 2 the question was wrong; 3 a part of this machine is missing (a named skip)."""
    node = Node(STATE)
    match arguments:
        case ["down"]:
            node.down()
            print("the local cluster is stopped")
            return 0
        case ["status"]:
            for name, alive in node.running().items():
                print(f"{name}: {'running' if alive else 'stopped'}")
            return 0
        case ["build" | "up"]:
            pass
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    reason = parts.missing()
    if reason:
        print(f"skipped: no local cluster here; {reason}", file=sys.stderr)
        return 3
    parts.kubernetes().build()
    parts.dns().build()
    if arguments == ["build"]:
        return 0
    begun = time.monotonic()
    try:
        node.up()
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the local cluster is up in {time.monotonic() - begun:.1f} s: export KUBECONFIG={node.kubeconfig}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
