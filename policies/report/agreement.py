"""Why others than the owner must agree to a change that opens nothing: somebody comes to data that is not new and their
own, the proof rests on more, an assurance, a channel or a control is weaker, or several owners' resources change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policies.channels.evidence import Assumed
from policies.facts.admission import ruling
from policies.facts.grants import Grant
from policies.facts.ownership import all_teams, owner, teams_of
from policies.facts.reach import Reach, reaching
from policies.facts.world import World
from policies.report.drawing import rank
from policies.report.model import Report
from policies.report.sides import Change, Side, differs

_ASSURANCES = ("project", "mediated", "perimeter")  # each proves what those before it prove
_RESTS = ("residual", "assumed")


def reasons(
    base: Side,
    head: Side,
    gained: Iterable[Reach],
    channels: Iterable[Change],
    lost: Iterable[tuple[str, str, str]],
    owners: Sequence[str],
) -> Iterator[str]:
    """A sentence per reason. ``gained``: pairs only head has; ``lost``: controls only base has, as (channel, address,
    attribute); ``owners``: whose resources differ."""
    if _ASSURANCES.index(head.report.assurance) < _ASSURANCES.index(base.report.assurance):
        yield f"The assurance falls from {base.report.assurance} to {head.report.assurance}."
    if head.report.grade.letter > base.report.grade.letter:
        yield f"The grade falls from {base.report.grade.letter} to {head.report.grade.letter}."
    for pair in gained:
        if not all(_comes_with_it(base.world, head.world, grant) for grant in reaching(head.world)[pair]):
            yield f"{pair}."
    yield from _grounds_gained(base, head)
    for change in channels:
        if change.before and change.after in _RESTS and _worse(change.before, change.after):
            yield f"{change.channel} {change.title}: {change.before} before, {change.after} now."
    yield from _controls_lost(base.world, head, lost)
    if len(owners) > 1:
        yield f"It changes resources of {', '.join(owners[:-1])} and {owners[-1]}: more than one owner."


def _comes_with_it(base: World, head: World, grant: Grant) -> bool:
    """Whether a grant is what comes with a new thing: on a resource that base has not, to somebody inside who is not
    of another team than the thing's."""
    if grant.on is None or base.at(grant.on.address) is not None:
        return False
    return ruling(head, grant).answer == "inside" and teams_of(head, grant.member) <= {owner(head, grant.on)}


def _grounds_gained(base: Side, head: Side) -> Iterator[str]:
    """What the proof rests on in head and not in base."""
    known = {_said(item) for item in _grounds(base.report)}
    texts = {(text, owner_, until) for _, text, owner_, until in known}
    for item in _grounds(head.report):
        said = _said(item)
        if said in known or (said[1:] in texts and _of_a_new_thing(base.world, head.world, item)):
            continue
        known.add(said)
        until = f", until {item.expires}" if item.expires else ""
        what = item.text if item.subject in item.text else f"{item.subject}: {item.text}"
        yield f"The proof rests on more: {what} (owner {item.owner}{until})."


def _of_a_new_thing(base: World, head: World, item: Assumed) -> bool:
    """Whether what base already rests on is only said of a resource more, which no exception names: the mail address
    that receives the alerts of every team also receives those of a new one."""
    excepted = any(exception.subject == item.subject for exception in head.boundary.exceptions)
    return head.at(item.subject) is not None and base.at(item.subject) is None and not excepted


def _grounds(report: Report) -> list[Assumed]:
    return [*(item for verdict in report.verdicts for item in verdict.assumptions), *report.trusted]


def _said(item: Assumed) -> tuple[str, str, str, str]:
    return item.subject, item.text, item.owner, str(item.expires)


def _worse(before: str, after: str) -> bool:
    return rank(after) < rank(before)  # type: ignore[arg-type]


def _controls_lost(base: World, head: Side, lost: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Controls that went although what they protected stayed: not those of a team that left, nor those that stand as
    they did and cut nothing more, nor those that another attribute of the same resource replaces."""
    teams = set(all_teams(head.world))
    gone = [res for res in base.resources if (team := owner(base, res)) is not None and team not in teams]
    places = {res.address for res in gone} | {res.stack for res in gone} - {
        res.stack for res in head.world.resources
    }
    cuts = {(verdict.id, cut.address) for verdict in head.report.verdicts for cut in verdict.controls}
    for channel, address, attribute in lost:
        if address in places or address.partition("/")[0] in places or (channel, address) in cuts:
            continue
        was, now = base.at(address), head.world.at(address)
        if was is None or now is None or differs(was, now):
            yield f"{channel} is no longer cut by {attribute or 'all'} of {address}."
