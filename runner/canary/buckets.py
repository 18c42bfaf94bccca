"""Cloud Storage: the buckets of every team, which the canary may neither read nor write, and one of another project.

The foreign bucket is one that anyone may read, so that only a service perimeter can refuse it: a 404 proves nothing, and
neither does a 403 that does not say it is the perimeter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote, urlencode

from runner.canary.http import Answer, ask
from runner.canary.metadata import token
from runner.canary.probe import MARK, Probe, Result, Untried, each, escaped, held
from runner.canary.settings import Settings

OBJECT = "cloister-canary"  # the object's name, where a bucket takes it
# cloud.google.com/vpc-service-controls/docs/troubleshooting: in every refusal of a perimeter.
_PERIMETER = b"vpcServiceControlsUniqueIdentifier"

Teams = Callable[[], list[str]]
Attempt = Callable[[Settings, str, str], Answer]  # on a bucket, with a token


def probes(settings: Settings, teams: Teams) -> Iterator[Probe]:
    """Reading and writing, by the canary's own identity; and the foreign bucket by nobody's."""
    if not settings.store:
        return
    if settings.namespace:
        yield from _of_teams(settings, teams)
    if settings.foreign_bucket:
        yield Probe(
            "foreign-bucket",
            ("API-01", "COV-03"),
            f"to read and write {settings.foreign_bucket}, another project's bucket, as nobody",
            partial(_foreign, settings),
        )


def _of_teams(settings: Settings, teams: Teams) -> Iterator[Probe]:
    yield Probe(
        "other-bucket-read",
        ("TEN-01", "TEN-02", "IAM-01", "GCS-01"),
        "to list every bucket of every team",
        partial(_every_bucket, settings, teams, _list),
    )
    yield Probe(
        "other-bucket-write",
        ("TEN-01", "TEN-02", "IAM-01", "GCS-02"),
        f"to write the object {OBJECT} to every bucket of every team",
        partial(_every_bucket, settings, teams, _write),
    )


def _every_bucket(settings: Settings, teams: Teams, attempt: Attempt) -> Result:
    names = [f"{settings.project}-{team}-{kind}" for team in teams() for kind in settings.kinds]
    if not names:
        return held("there is no team yet")
    who = token(settings)
    return each({name: partial(_judged, settings, attempt, name, who) for name in names})


def _judged(settings: Settings, attempt: Attempt, name: str, who: str) -> Result:
    try:
        said = attempt(settings, name, who)
    except OSError as error:
        raise Untried(f"no answer of Cloud Storage: {error}") from None
    if said.good:
        return escaped(f"answers {said.status}")
    if said.status == 403:
        return held("refused with 403")
    # 401: not even known; 404: not there; anything else: nobody knows.
    raise Untried(f"answers {said.status}")


def _foreign(settings: Settings) -> Result:
    name = settings.foreign_bucket
    try:
        read, written = _list(settings, name, ""), _write(settings, name, "")
    except OSError as error:
        raise Untried(f"no answer of Cloud Storage: {error}") from None
    for what, said in (("write", written), ("read", read)):
        if said.good:
            return escaped(f"a {what} answers {said.status}: no perimeter is between")
    if read.status == 403 and _PERIMETER in read.body:
        return held("refused by VPC Service Controls")
    raise Untried(f"it answers {read.status}, which does not say that a perimeter refused")


def _list(settings: Settings, bucket: str, who: str) -> Answer:
    query = urlencode({"prefix": MARK.decode(), "maxResults": 1})
    return ask(f"{settings.store}/storage/v1/b/{quote(bucket)}/o?{query}", headers=_as(who))


def _write(settings: Settings, bucket: str, who: str) -> Answer:
    # An object of that name from a hole of an earlier hour is written over, where even that is possible.
    query = urlencode({"uploadType": "media", "name": OBJECT})
    url = f"{settings.store}/upload/storage/v1/b/{quote(bucket)}/o?{query}"
    return ask(url, "POST", {**_as(who), "Content-Type": "application/octet-stream"}, MARK)


def _as(who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {who}"} if who else {}
