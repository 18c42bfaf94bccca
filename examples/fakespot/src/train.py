"""Tell genuine reviews from fake ones: a small model, its score on reviews it has not seen, and a picture.

Reads in/*.jsonl, one review per line: {"text": ..., "stars": 1-5, "fake": true or false}. Writes the model, the
words that decided and a picture to out/, and the metrics that job.yaml declares to metrics.json. out/model/ is the
model as `cloister model publish` takes it: weights as plain JSON, the program that answers with them, and its card.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import joblib
import matplotlib
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SEED = 7
INPUT, OUTPUT = Path("in"), Path("out")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows of (text, stars) and whether each is fake."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    reviews = [json.loads(line) for line in lines]
    rows = np.array([[review["text"], str(review["stars"])] for review in reviews], dtype=object)
    return rows, np.array([review["fake"] for review in reviews])


def model() -> Pipeline:
    """Words, pairs of words and the stars, weighed by a logistic regression."""
    features = ColumnTransformer(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), 0),
            ("stars", OneHotEncoder(handle_unknown="ignore"), [1]),
        ]
    )
    return Pipeline([("features", features), ("classifier", LogisticRegression(C=4.0, max_iter=1000))])


def telling(trained: Pipeline, count: int = 12) -> list[tuple[str, float]]:
    """The features with the most weight, those of fake reviews positive."""
    names = trained["features"].get_feature_names_out()
    weights = trained["classifier"].coef_[0]
    order = np.argsort(weights)
    chosen = [*order[:count], *order[-count:]]
    return [
        (names[i].removeprefix("words__").replace("stars__x1_", "stars: "), float(weights[i])) for i in chosen
    ]


def picture(truth: np.ndarray, guess: np.ndarray, words: list[tuple[str, float]], path: Path) -> None:
    """What was confused with what, and which words decided."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    display = ConfusionMatrixDisplay(confusion_matrix(truth, guess), display_labels=["genuine", "fake"])
    display.plot(ax=left, colorbar=False, cmap="Blues")
    left.set_title("Reviews the model had not seen")
    names, weights = zip(*words, strict=True)
    right.barh(names, weights, color=["tab:red" if weight > 0 else "tab:green" for weight in weights])
    right.tick_params(axis="y", labelsize=8)
    right.set_title("What speaks for fake (right) and genuine (left)")
    figure.savefig(path, dpi=110)


def publishable(trained: Pipeline, examples: np.ndarray, folder: Path) -> None:
    """The model without pickles: weights, predict.py, and a card whose golden requests are these examples."""
    words, stars = (
        trained["features"].named_transformers_["words"],
        trained["features"].named_transformers_["stars"],
    )
    classifier = trained["classifier"]
    count = len(words.vocabulary_)
    coefficients = classifier.coef_[0]
    weights = {
        "words": {
            term: (float(words.idf_[index]), float(coefficients[index]))
            for term, index in words.vocabulary_.items()
        },
        "stars": dict(zip(stars.categories_[0], map(float, coefficients[count:]), strict=True)),
        "intercept": float(classifier.intercept_[0]),
    }
    probabilities = trained.predict_proba(examples)[:, 1]
    golden = [
        {
            "instance": {"text": text, "stars": int(given)},
            "prediction": {"fake": bool(p > 0.5), "probability": float(p)},
        }
        for (text, given), p in zip(examples, probabilities, strict=True)
    ]
    card = {
        "version": 1,
        "run": ["python", "predict.py"],
        "license": "Apache-2.0",
        "signature": {
            "inputs": [{"name": "text", "type": "string"}, {"name": "stars", "type": "long"}],
            "outputs": [{"name": "fake", "type": "boolean"}, {"name": "probability", "type": "double"}],
        },
        "golden": "golden.jsonl",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.json").write_text(json.dumps(weights), encoding="utf-8")
    (folder / "model.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    (folder / "golden.jsonl").write_text("\n".join(map(json.dumps, golden)), encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name("predict.py"), folder / "predict.py")


def main() -> None:
    rows, fake = read(INPUT)
    print(f"{len(rows)} reviews, {int(fake.sum())} of them fake")
    train, test, train_fake, test_fake = train_test_split(
        rows, fake, test_size=0.3, random_state=SEED, stratify=fake
    )
    trained = model().fit(train, train_fake)
    guess = trained.predict(test)
    metrics = {
        "accuracy": accuracy_score(test_fake, guess),
        "f1": f1_score(test_fake, guess),
        "reviews": len(rows),
    }
    print(
        f"accuracy {metrics['accuracy']:.3f} and f1 {metrics['f1']:.3f} on {len(test)} reviews not seen before"
    )
    words = telling(trained)
    OUTPUT.mkdir(exist_ok=True)
    picture(test_fake, guess, words, OUTPUT / "report.png")
    publishable(trained, test[:20], OUTPUT / "model")
    joblib.dump(trained, OUTPUT / "model.joblib")
    (OUTPUT / "words.json").write_text(json.dumps(words, indent=1), encoding="utf-8")
    (OUTPUT / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    Path("metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


if __name__ == "__main__":
    main()
