"""Names that a shell may complete, read from the file names of the declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def teams(ctx: Any, _parameter: Any, incomplete: str) -> list[str]:
    """The teams of `--directory`, or of here, that begin like `incomplete`: a callback of click's `shell_complete`."""
    root = Path(ctx.params.get("directory") or ".")
    return sorted(path.stem for path in (root / "teams").glob("*.yaml") if path.stem.startswith(incomplete))
