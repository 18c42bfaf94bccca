"""`promote` and `rollback`: which version is in a stage, decided by checks and written as a step of its history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.media import Media
from runner.image.models.predictor import Predictor, check_golden, lay_out
from runner.image.models.registry import Document, Registry, Step, standing
from runner.image.models.words import PROMOTE, ROLLBACK
from runner.image.record import now
from runner.image.store import Store

GOLDEN_SECONDS = 60.0  # for one golden request, the first of which waits for the model to load


@dataclass(frozen=True)
class Check:
    """What was checked, whether it holds, and the figures."""

    name: str
    holds: bool
    said: str

    def plain(self) -> Document:
        return {"check": self.name, "holds": self.holds, "said": self.said}


def promote(
    registry: Registry, store: Store, media: Media, config: Config, log: Log, given: dict[str, Any]
) -> Document:
    """Put a version into a stage. Raises Failure BAD_JOB naming every check that does not hold."""
    name, stage = given["name"], given["stage"]
    version = registry.version(name, given["number"])
    steps = registry.steps(name, stage)
    force = standing(steps)
    if force and force[-1].number == version["number"]:
        return {**force[-1].document, "existed": True}
    before = registry.version(name, force[-1].number) if force else None
    checks = [
        *_metrics(version, before, given["rules"]),
        *_limits(version, given["licenses"], given["largest"]),
    ]
    checks += [_answers(store, media, config, log, version)]
    failed = [f"{check.name}: {check.said}" for check in checks if not check.holds]
    if failed:
        raise Failure(
            Exit.BAD_JOB,
            f"version {version['number']} of {name} does not go to {stage}: " + "; ".join(failed),
            "Nothing was changed",
        )
    return registry.add_step(
        name, stage, steps[-1] if steps else None, _step(PROMOTE, given, version, checks)
    )


def rollback(
    registry: Registry, store: Store, media: Media, config: Config, log: Log, given: dict[str, Any]
) -> Document:
    """Put the version back that was in the stage before. It must still be whole and answer its golden requests."""
    name, stage = given["name"], given["stage"]
    steps = registry.steps(name, stage)
    force = standing(steps)
    if len(force) < 2:
        has = f"version {force[-1].number} is the first there" if force else "nothing was promoted there"
        raise Failure(
            Exit.BAD_JOB, f"{stage} of {name} has nothing to go back to: {has}", "Promote a version"
        )
    version = registry.version(name, force[-2].number)
    check = _answers(store, media, config, log, version)
    if not check.holds:
        raise Failure(
            Exit.BAD_JOB,
            f"version {version['number']} of {name} cannot come back: {check.said}",
            "Promote another version",
        )
    return registry.add_step(name, stage, steps[-1], _step(ROLLBACK, given, version, [check]))


def current(steps: list[Step]) -> Step | None:
    """The promotion that is in force in a stage."""
    force = standing(steps)
    return force[-1] if force else None


def _step(action: str, given: dict[str, Any], version: Document, checks: list[Check]) -> Document:
    return {
        "version": 1,
        "action": action,
        "number": version["number"],
        "digest": version["digest"],
        "by": given["by"],
        "reason": given["reason"],
        "team_file": given.get("team_file"),
        "at": now(),
        "checks": [check.plain() for check in checks],
    }


def _metrics(version: Document, before: Document | None, rules: list[dict[str, Any]]) -> Iterator[Check]:
    for rule in rules:
        metric, found = rule["metric"], version["metrics"].get(rule["metric"])
        if found is None:
            yield Check(metric, False, "the run has no such metric")
            continue
        old = before["metrics"].get(metric) if before else None
        bounds = [("at least", 1, rule.get("at_least")), ("at most", -1, rule.get("at_most"))]
        if before is not None:
            for key, sign, word in (("may_drop", 1, "at least"), ("may_rise", -1, "at most")):
                if key in rule:
                    # A version in force without the metric bounds nothing.
                    bounds.append((word, sign, None if old is None else old - sign * rule[key]))
        for word, sign, bound in bounds:
            if bound is not None:
                against = f" (version {before['number']} has {old:g})" if before and old is not None else ""
                yield Check(metric, sign * found >= sign * bound, f"{found:g}, {word} {bound:g}{against}")


def _limits(version: Document, licenses: list[str] | None, largest: int | None) -> Iterator[Check]:
    if licenses is not None:
        found = version["license"]
        yield Check("license", found in licenses, f"{found}, one of {', '.join(licenses) or 'none'}")
    if largest is not None:
        yield Check("size", version["bytes"] <= largest, f"{version['bytes']} bytes, at most {largest}")


def _answers(store: Store, media: Media, config: Config, log: Log, version: Document) -> Check:
    """Every byte is the one that was published, and every golden request is answered as it was."""
    try:
        workspace, about = lay_out(store, media, config, version)
        predictor = Predictor(config, about, workspace, log)
        try:
            count = check_golden(predictor, about, workspace.job, GOLDEN_SECONDS)
        finally:
            predictor.close()
    except Failure as failure:
        if failure.code not in (Exit.BAD_JOB, Exit.INPUT, Exit.TIMEOUT):
            raise  # the store, the disk or the node: says nothing of the version
        return Check("golden", False, failure.cause)
    return Check("golden", True, f"{count} requests answered as before")
