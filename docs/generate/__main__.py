"""`make docs`: assemble the site's pages and build it; every warning is an error.

mkdocs has an environment of its own under .cloister/docs/, made from docs/requirements.lock when it is stale. What is
made from the code is made here, by the project's own environment, into .cloister/docs/pages/; the site lies in
.cloister/docs/site/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from docs.generate import architecture, catalogue, commands, declarations, navigation
from docs.generate.environment import installed
from policies.check import check_paths

ROOT = Path(__file__).parents[2]
DOCS, OUT = ROOT / "docs", ROOT / ".cloister" / "docs"
PAGES, SITE, ENVIRONMENT = OUT / "pages", OUT / "site", OUT / "venv"
LOCK = DOCS / "requirements.lock"
COPIED = (".md", ".png", ".svg", ".json", ".css", ".cast")


def assemble(synthesized: Path, pages: Path) -> None:
    """Write all pages: those of docs/ as they are, and those made from the code and the example's `synthesized` tree."""
    shutil.rmtree(pages, ignore_errors=True)
    for file in sorted(DOCS.rglob("*")):
        if file.suffix in COPIED and "generate" not in file.relative_to(DOCS).parts:
            target = pages / file.relative_to(DOCS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    report = check_paths((synthesized,), ROOT / "boundary.yaml")
    cases = ROOT / "tests" / "cases"
    made = {f"reference/commands/{name}": text for name, text in commands.pages().items()}
    made |= {f"reference/catalogue/{name}": text for name, text in catalogue.pages(report, cases).items()}
    made["reference/declarations.md"] = declarations.page()
    made["explanation/architecture.md"] = (
        (DOCS / "explanation" / "architecture.md")
        .read_text(encoding="utf-8")
        .replace("<!-- packages -->", architecture.packages())
        .replace("<!-- layers -->", architecture.layers())
    )
    for name, text in made.items():
        path = pages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, file in catalogue.case_files(cases):
        target = pages / "reference" / "catalogue" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def build(program: Path, pages: Path, site: Path) -> int:
    """Build the site; mkdocs' exit code, 1 for any warning."""
    configuration = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    configuration["nav"] = navigation.spelled_out(configuration["nav"], pages)
    # mkdocs takes the directory of its configuration as the base of all paths.
    written = yaml.safe_dump(configuration, sort_keys=False)
    (pages.parent / "mkdocs.yml").write_text(written, encoding="utf-8")
    # Not --quiet: it would drop the warnings before --strict counts them.
    command = [
        str(program),
        "build",
        "--strict",
        "--clean",
        "--config-file",
        "mkdocs.yml",
        "--site-dir",
        str(site),
    ]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # the theme's own advertisement
    done = subprocess.run(command, cwd=pages.parent, env=quiet, capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if not line.startswith("INFO")]
    if done.returncode:
        print("\n".join(told), file=sys.stderr)
    return done.returncode


def main() -> int:
    synthesized = ROOT / "cdktf.out"
    if not (synthesized / "stacks").is_dir():
        print("docs: there is no cdktf.out; run `make synth`", file=sys.stderr)
        return 2
    assemble(synthesized, PAGES)
    print("docs: mkdocs, from docs/requirements.lock, in .cloister/docs/venv", flush=True)
    failed = build(installed(LOCK, ENVIRONMENT) / "mkdocs", PAGES, SITE)
    if not failed:
        print(f"docs: {SITE.relative_to(ROOT)}/index.html")
    return failed


if __name__ == "__main__":
    sys.exit(main())
