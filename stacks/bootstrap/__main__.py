"""``python -m stacks.bootstrap``: make what has to be there before the first deploy (``make bootstrap``).

Nothing of it is done twice: run it as often as you like, and once more when the first deploy has made the keys.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cloister.declarations import DeclarationErrors, load
from stacks.bootstrap.agents import Mistaken, enable_apis, make_agents, missing_apis
from stacks.bootstrap.state_bucket import find, make_state_bucket
from stacks.rest import Google, NoCredentials, Refused

DONE, REFUSED, WRONG_QUESTION = 0, 1, 2
_EXAMPLES = """examples:
  make bootstrap
  .venv/bin/python -m stacks.bootstrap --dry-run    say what would be done, and change nothing
"""


def main(arguments: list[str]) -> int:
    """0: all is there; 1: Google refused; 2: the declarations or the credentials are wrong, and nothing was changed."""
    parser = argparse.ArgumentParser(
        prog="python -m stacks.bootstrap",
        description="Enable APIs, make the service agents, and make the bucket of Terraform's state.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="where the declarations lie; default: here"
    )
    options = parser.parse_args(arguments)
    try:
        declared = load(options.directory)
        google = Google(declared.boundary.project)
        number = declared.boundary.project_number
        say("project", f"{google.project} ({number})")
        # Everything that can turn out to be a mistake is asked before anything is changed.
        missing = missing_apis(google, number)
        find(google, declared)
        enable_apis(google, missing, say, dry_run=options.dry_run)
        make_state_bucket(google, declared, say, dry_run=options.dry_run)
        make_agents(google, number, say, dry_run=options.dry_run)
    except DeclarationErrors as errors:
        return _end(WRONG_QUESTION, *map(str, errors.mistakes))
    except (NoCredentials, Mistaken) as error:
        return _end(WRONG_QUESTION, f"bootstrap: {error}")
    except Refused as error:
        return _end(REFUSED, f"bootstrap: {error}")
    say("done", "nothing was changed" if options.dry_run else "next: make deploy")
    return DONE


def say(what: str, how: str) -> None:
    print(f"{what:<14} {how}", flush=True)


def _end(code: int, *lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
