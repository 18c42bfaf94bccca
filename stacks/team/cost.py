"""What a team's pods cost, estimated: what they ask for, at the prices of platform.yaml.

The bill knows better and comes later: it has discounts, and nodes that stand empty. Its own split of shared nodes among
namespaces is what a team's budget watches.
"""

from __future__ import annotations

from cloister.declarations import Team, names
from cloister.declarations.platform import Prices

_GIB = 1 << 30
_METRIC = "kubernetes_io:container_{}"  # PromQL's name of kubernetes.io/container/...


def an_hour(team: Team, prices: Prices) -> str:
    """PromQL for what the team's running pods cost an hour.

    Google counts a container's GPUs, not of which kind they are: a team that may use several is charged the dearest.
    """
    terms = [
        f"{_asked('cpu_request_cores', team)} * {prices.cpu!r}",
        f"{_asked('memory_request_bytes', team)} / {_GIB} * {prices.memory!r}",
    ]
    if team.quota.gpus:
        dearest = max(prices.gpus[gpu] for gpu in team.quota.gpus)
        terms.append(f"{_asked('accelerator_request', team)} * {dearest!r}")
    return " + ".join(terms)


def of_days(team: Team, prices: Prices, days: int) -> str:
    """PromQL for what they cost in the last days: the sum over their hours."""
    return f"sum_over_time(({an_hour(team, prices)})[{days}d:1h])"


def _asked(what: str, team: Team) -> str:
    spaces = [names.namespace(team.team), *([names.serving_namespace(team.team)] if team.services else [])]
    matched = f'="{spaces[0]}"' if len(spaces) == 1 else f'=~"{"|".join(spaces)}"'
    where = f'monitored_resource="k8s_container",namespace_name{matched}'
    return f"(sum({_METRIC.format(what)}{{{where}}}) or vector(0))"
