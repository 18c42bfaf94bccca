"""``python -m stacks.lifecycle deploy|destroy``: what ``make deploy`` and ``make destroy`` run."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from cloister.declarations import DeclarationErrors, Declarations, load
from stacks.lifecycle.terraform import PROGRAM, Failed
from stacks.lifecycle.tree import NotSynthesized, StackFile, chosen, in_order, left_standing
from stacks.rest import Google, NoCredentials, Refused

DONE, FAILED, WRONG_QUESTION = 0, 1, 2
HOME = Path(".cloister/terraform")
_EXAMPLES = """examples:
  make deploy                                     all stacks, in order; Terraform asks before each
  make deploy STACKS=team-search                  one
  make destroy STACKS=team-search                 one team; buckets that hold data stay
  make destroy KEEP_DATA=1                        everything but the teams' buckets
  .venv/bin/python -m stacks.lifecycle destroy --dry-run
"""


class _Wrong(Exception):
    """The question was wrong; one line."""


def main(arguments: list[str]) -> int:
    """0: done; 1: Terraform, Google or the proof said no; 2: the question was wrong, and nothing was changed."""
    options = _parser().parse_args(arguments)
    root = options.directory
    try:
        if not shutil.which(PROGRAM):
            raise _Wrong("no terraform on PATH; install it from https://developer.hashicorp.com/terraform")
        declared = load(root)
        out = root / "cdktf.out"
        stacks = in_order(out)
        wanted = chosen(stacks, tuple(options.stacks))
        if options.command == "deploy":
            return _deploy(root, declared, stacks, wanted, options)
        return _destroy(root, declared, stacks, wanted, options)
    except DeclarationErrors as errors:
        return _end(WRONG_QUESTION, *map(str, errors.mistakes))
    except (NoCredentials, NotSynthesized, ValueError, _Wrong) as error:
        return _end(WRONG_QUESTION, f"{options.command}: {error}")
    except Failed as error:
        return _end(FAILED, *filter(None, [error.output, f"{options.command}: {error}"]))
    except Refused as error:
        return _end(FAILED, f"{options.command}: {error}")


def _deploy(
    root: Path,
    declared: Declarations,
    stacks: list[StackFile],
    wanted: list[StackFile],
    options: argparse.Namespace,
) -> int:
    from stacks.gate import gate
    from stacks.lifecycle.deploy import deploy, forgotten

    if not gate(root / "cdktf.out", root / "boundary.yaml", _tell):
        return FAILED
    google = Google(declared.boundary.project)
    for name in forgotten(google, declared, stacks):
        _tell(
            f"{name} has a state and is not declared any more: all it made is still there. Put its file back,"
            f" make synth, make destroy STACKS={name}, and remove the file then"
        )
    deploy(root / HOME, wanted, google, _say, ask=not options.yes, dry_run=options.dry_run)
    _say("nothing was changed" if options.dry_run else f"deployed {len(wanted)} stacks")
    return DONE


def _destroy(
    root: Path,
    declared: Declarations,
    stacks: list[StackFile],
    wanted: list[StackFile],
    options: argparse.Namespace,
) -> int:
    from stacks.lifecycle.destroy import Remains, destroy, to_adopt

    for name, above in left_standing(stacks, tuple(options.stacks)).items():
        raise _Wrong(f"{', '.join(above)} stand on {name}; name them too, or none to destroy everything")
    project = declared.boundary.project
    if not options.dry_run:
        _say(f"This destroys {', '.join(stack.name for stack in reversed(wanted))} in {project}.")
        print("Type the project's id to go on: ", end="", flush=True)
        answer = sys.stdin.readline().strip()
        if answer != project:
            raise _Wrong(f'found "{answer}", expected {project}; nothing was changed')
    try:
        destroy(root / HOME, wanted, _say, keep_data=options.keep_data, dry_run=options.dry_run)
    except Remains as error:
        return _end(FAILED, f"destroy: {error}")
    if options.keep_data:
        for name, buckets in to_adopt(wanted).items():
            _say(f"before {name} is deployed again, its file has to say adopt: [{', '.join(buckets)}]")
    _say("nothing was changed" if options.dry_run else f"destroyed {len(wanted)} stacks")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stacks.lifecycle",
        description="Deploy or destroy the synthesized stacks in the order of their dependencies.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("deploy", "prove the tree, then apply the stacks in order"),
        ("destroy", "destroy the stacks in reverse order"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("stacks", nargs="*", help="which; all where none is named")
        command.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and change nothing"
        )
        command.add_argument("--directory", type=Path, default=Path(), help="where the declarations lie")
        if name == "deploy":
            command.add_argument("--yes", action="store_true", help="let Terraform apply without asking")
        else:
            command.add_argument("--keep-data", action="store_true", help="leave the teams' buckets alone")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _end(code: int, *lines: str) -> int:
    for line in lines:
        _tell(line)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
