"""What the server counts, in Prometheus' text format: requests by answer, their time, and whether the model stands."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counts:
    """Counted by the one thread of the event loop. `labels` are of our own words: model, version, team."""

    def __init__(self, **labels: str) -> None:
        self._labels = ",".join(f'{name}="{value}"' for name, value in labels.items())
        self._answers: Counter[int] = Counter()
        self._within = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self.starts = 0
        self.ready = False

    def answered(self, status: int, seconds: float) -> None:
        """A request to the model, whatever became of it."""
        self._answers[status] += 1
        self._within[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def failed(self) -> tuple[int, int]:
        """How many requests the model failed on, and of how many that it was asked."""
        asked = {status: count for status, count in self._answers.items() if status == 200 or status >= 500}
        return sum(count for status, count in asked.items() if status in (500, 504)), sum(asked.values())

    def text(self) -> str:
        """All of it, as it is scraped."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# TYPE cloister_serving_requests_total counter"
        for status, count in sorted(self._answers.items()):
            yield f'cloister_serving_requests_total{{{self._labels},code="{status}"}} {count}'
        yield "# TYPE cloister_serving_request_seconds histogram"
        name, below = "cloister_serving_request_seconds", 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._within, strict=True):
            below += count
            yield f'{name}_bucket{{{self._labels},le="{bound}"}} {below}'
        yield f"{name}_sum{{{self._labels}}} {self._seconds:.6f}"
        yield f"{name}_count{{{self._labels}}} {below}"
        yield "# TYPE cloister_serving_model_starts_total counter"
        yield f"cloister_serving_model_starts_total{{{self._labels}}} {self.starts}"
        yield "# TYPE cloister_serving_ready gauge"
        yield f"cloister_serving_ready{{{self._labels}}} {int(self.ready)}"
