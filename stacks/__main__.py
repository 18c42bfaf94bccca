"""`python -m stacks`: what `cdktf synth` and `cdktf deploy` run."""

from __future__ import annotations

import sys
from pathlib import Path

from cloister.declarations import load
from stacks.app import OUTPUT, synthesize

synthesize(load(Path.cwd()), Path.cwd() / OUTPUT, lambda line: print(line, file=sys.stderr))
