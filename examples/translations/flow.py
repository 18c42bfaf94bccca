"""Tell languages apart by their letters: a small model per length of letter groups, the best one kept.

Reads data/sentences/<language>.txt, one sentence per line. The flow's artifacts are the model, its accuracy on
sentences it has not seen, and what it confuses.
"""

from __future__ import annotations

from pathlib import Path

from metaflow import FlowSpec, Parameter, card, current, resources, retry, step
from metaflow.cards import Markdown, Table

SEED = 7


class LanguagesFlow(FlowSpec):
    """Which language is a sentence in?"""

    texts = Parameter("texts", default="data/sentences", help="where the sentences lie, a file per language")
    longest = Parameter("longest", default=4, help="the longest group of letters to try")
    held_out = Parameter("held_out", default=0.3, help="the share of sentences kept to judge by")

    @step
    def start(self):
        """Read the sentences, and keep some of them apart."""
        from sklearn.model_selection import train_test_split

        rows = [
            (line.strip(), path.stem)
            for path in sorted(Path(self.texts).glob("*.txt"))
            for line in path.read_text("utf-8").splitlines()
            if line.strip()
        ]
        if not rows:
            raise ValueError(f"no sentences in {self.texts}/")
        self.sentences = len(rows)
        self.train, self.test = train_test_split(
            rows, test_size=self.held_out, random_state=SEED, stratify=[language for _, language in rows]
        )
        print(f"{len(rows)} sentences in {len({language for _, language in rows})} languages")
        self.lengths = list(range(1, self.longest + 1))
        self.next(self.fit, foreach="lengths")

    @retry(times=1)
    @resources(cpu=1, memory=1024)
    @step
    def fit(self):
        """One model: groups of up to this many letters, weighed by a logistic regression."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_score
        from sklearn.pipeline import make_pipeline

        self.letters = self.input
        texts, languages = zip(*self.train, strict=True)
        self.model = make_pipeline(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, self.letters), sublinear_tf=True),
            LogisticRegression(C=20.0, max_iter=1000),
        )
        self.score = float(cross_val_score(self.model, texts, languages, cv=4).mean())
        self.model.fit(texts, languages)
        print(f"groups of up to {self.letters} letters: {self.score:.3f}")
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Keep the best model; of two as good, the smaller."""
        best = max(inputs, key=lambda each: (each.score, -each.letters))
        self.model, self.letters = best.model, best.letters
        self.scores = {each.letters: each.score for each in inputs}
        self.merge_artifacts(inputs, include=["train", "test", "sentences"])
        self.next(self.judge)

    @card
    @step
    def judge(self):
        """Judge it by the sentences kept apart."""
        texts, languages = zip(*self.test, strict=True)
        said = self.model.predict(texts)
        self.accuracy = sum(a == b for a, b in zip(said, languages, strict=True)) / len(languages)
        self.confused = [
            (text, language, str(guess))
            for text, language, guess in zip(texts, languages, said, strict=True)
            if guess != language
        ]
        current.card.append(Markdown(f"# {self.accuracy:.0%} of {len(texts)} unseen sentences"))
        current.card.append(Table(self.confused, headers=["sentence", "is", "taken for"]))
        self.next(self.end)

    @step
    def end(self):
        """Say how it went."""
        print(
            f"groups of up to {self.letters} letters: accuracy {self.accuracy:.3f} on {len(self.test)} sentences"
        )


if __name__ == "__main__":
    LanguagesFlow()
