"""`python -m stacks`: what `cdktf synth` and `cdktf deploy` run, in the directory of the declarations."""

from __future__ import annotations

import sys
from pathlib import Path

from stacks.app import main

sys.exit(main(Path.cwd()))
