"""Answer requests with the weights that train.py wrote: standard library only, so a serving pod needs no libraries.

One line {"instances": [{"text": ..., "stars": ...}]} in, one line {"predictions": [{"fake": ..., "probability": ...}]}
out. The arithmetic is scikit-learn's TfidfVectorizer (sublinear, l2 norm) and logistic regression.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

WORD = re.compile(r"\b\w\w+\b")


def probability(weights: dict[str, Any], text: str, stars: int) -> float:
    """How likely a review is fake."""
    words = WORD.findall(text.lower())
    terms = Counter([*words, *(" ".join(pair) for pair in pairwise(words))])
    known = {
        term: (1 + math.log(count)) * weights["words"][term][0]
        for term, count in terms.items()
        if term in weights["words"]
    }
    norm = math.sqrt(sum(value * value for value in known.values())) or 1.0
    score = sum(value / norm * weights["words"][term][1] for term, value in known.items())
    score += weights["intercept"] + weights["stars"].get(str(stars), 0.0)
    return 1 / (1 + math.exp(-score))


def main() -> None:
    weights = json.loads(Path("weights.json").read_text(encoding="utf-8"))
    for line in sys.stdin:
        rows = json.loads(line)["instances"]
        found = [probability(weights, row["text"], row["stars"]) for row in rows]
        answer = {"predictions": [{"fake": p > 0.5, "probability": p} for p in found]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
