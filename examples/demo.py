"""`make demo`: the example company proven, one job run sealed, and one leak refused.

Each step is the command a person would type, shown before it runs. Ends with 0 only when the proof held, the
job succeeded and the leak was refused.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cloister.declarations import load, names

ROOT = Path(__file__).parents[1]
CLOISTER = str(Path(sys.executable).with_name("cloister"))
SYNTHESIZED = ROOT / "cdktf.out"
REPORTS = ROOT / ".cloister" / "demo"
TEAM = "fakespot"
JOB = "examples/fakespot/job.yaml"


def say(text: str) -> None:
    print(text, flush=True)


def cloister(*arguments: str | Path, show: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command of the front door where the declarations are."""
    if show:
        say(f"$ cloister {' '.join(map(str, arguments))}")
    return subprocess.run([CLOISTER, *map(str, arguments)], cwd=ROOT, text=True, capture_output=not show)


def leak(tree: Path) -> str:
    """Grant a team's results to everybody on the internet, in a copy of the synthesized stacks."""
    bucket = names.bucket(load(ROOT).boundary.project, TEAM, "results")
    file = tree / "stacks" / names.team_stack(TEAM) / "cdk.tf.json"
    stack = json.loads(file.read_text())
    grants = stack["resource"].setdefault("google_storage_bucket_iam_member", {})
    grants["leak"] = {"bucket": bucket, "role": "roles/storage.objectViewer", "member": "allUsers"}
    file.write_text(json.dumps(stack))
    return bucket


def refuse_the_leak() -> bool:
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "cdktf.out"
        shutil.copytree(SYNTHESIZED, tree)
        bucket = leak(tree)
        say(f"A copy of the stacks, in which {bucket} may be read by allUsers:")
        report = REPORTS / "leak.json"
        result = cloister("check", tree, "--format", "json", "--output", report, show=False)
        if result.returncode != 1:
            say(f"the check ended with {result.returncode}, not with 1\n{result.stderr}")
            return False
    findings = json.loads(report.read_text())["findings"]
    for finding in findings:
        say(f"  {finding['status']} {finding['channel']}: {finding['sentence']}\n  fix: {finding['fix']}")
    say(f"$ cloister check ... ended with 1: {len(findings)} finding(s), nothing would have been deployed")
    return any(finding["subject"] == bucket for finding in findings)


def main() -> int:
    begun = time.monotonic()
    REPORTS.mkdir(parents=True, exist_ok=True)
    say("\n[1/3] Is there a path from any team's data to the outside?")
    proven = cloister("check").returncode
    cloister("check", "--format", "json", "--output", REPORTS / "report.json", show=False)
    say("\n[2/3] A job of one team, sealed, on an object store of this machine")
    ran = cloister("job", "run", JOB, "--team", TEAM).returncode
    say("\n[3/3] What if somebody opens a door?")
    refused = refuse_the_leak()
    say(f"\nDone in {time.monotonic() - begun:.0f} s. Where things are:")
    say(f"  stacks   {SYNTHESIZED.relative_to(ROOT)}/stacks/")
    say(f"  proof    {REPORTS.relative_to(ROOT)}/report.json (the leak: leak.json beside it)")
    say("  outputs  where the job's last lines say")
    return 0 if proven == 0 and ran == 0 and refused else 1


if __name__ == "__main__":
    sys.exit(main())
