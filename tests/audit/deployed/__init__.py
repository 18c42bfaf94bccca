"""The example company as if it were deployed: what the inventory and the cluster would answer.

Made from the synthesized tree by hand-written inverses, in the words of each REST reference, with what Google adds by
itself: self links, numbers of projects, default sinks and routes, service agents and their grants, nodes. Nothing of
audit/ is used here, so that both sides must agree on the shapes of the APIs.
"""

from tests.audit.deployed.company import Company
from tests.audit.deployed.objects import cluster
from tests.audit.deployed.words import COMPUTE, NUMBER, PROJECT

__all__ = ["COMPUTE", "NUMBER", "PROJECT", "Company", "cluster"]
