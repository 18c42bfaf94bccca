"""`make sealed-libraries`: run them all and write docs/sealed-libraries.md."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from runner.client.object_store import ObjectStore
from tests.runner.sealed.tried import PAGE, environments, page, tried
from tests.runner.support import BUCKETS, StoreClient


def main() -> int:
    built = environments(print, os.environ.__setitem__)
    ended, wrong = [], 0
    with ObjectStore() as embedded, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        store = StoreClient(embedded.url)
        for name in BUCKETS.values():
            store.make_bucket(name)
        for each in tried():
            result = each.run(store, Path(folder), built)
            ended.append((each, result))
            as_expected = (result.code == 0) == each.runs
            wrong += not as_expected
            print(
                f"{each.library}: exit {result.code}{'' if as_expected else ', which was not expected'}",
                flush=True,
            )
            if not as_expected:
                print(result.printed("stderr")[-2000:])
    PAGE.write_text(page(ended), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
