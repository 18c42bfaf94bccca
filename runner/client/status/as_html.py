"""The answer as one self-contained page: no remote asset, no script, readable on paper."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from runner.client.cluster.shown import lasted, moment
from runner.client.status import as_text
from runner.client.status.model import NEARLY, SOON, PlatformStatus, Week
from runner.client.status.quantities import written
from runner.client.view import printable

BAR = 44  # pixels of the tallest bar


def render(status: PlatformStatus) -> str:
    """The page."""
    style = files("runner.client.status").joinpath("templates", "status.css").read_text(encoding="utf-8")
    return _template().render(
        status=status,
        attention=list(status.attention()),
        unread=list(status.unread()),
        image=as_text.image(status),
        text=as_text,
        bars=bars,
        style=Markup(style),
        nearly=NEARLY,
        soon=SOON,
    )


def bars(weeks: tuple[Week, ...]) -> list[tuple[int, int, str]]:
    """For each week, the oldest first: pixels of done and of failed, and both in words."""
    most = max((week.done + week.failed for week in weeks), default=0) or 1
    return [
        (
            round(BAR * week.done / most),
            round(BAR * week.failed / most),
            f"week to {moment(week.until)[:10]}: {week.done} done, {week.failed} failed",
        )
        for week in reversed(weeks)
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("runner.client.status"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "lasted": lasted, "written": written, "printable": printable}
    return environment.get_template("status.html.j2")
