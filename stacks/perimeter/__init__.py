"""The stack `perimeter`: what only an organisation can put around the project. Deployed last, destroyed first."""

from __future__ import annotations

from stacks.base import Stack
from stacks.perimeter.identities import build_access_boundary, build_denies
from stacks.perimeter.policies import build_organization_policies
from stacks.perimeter.service_perimeter import build_service_perimeter


def build_perimeter(stack: Stack) -> None:
    """The service perimeter, and what keeps the attributes that close the project from being changed later."""
    build_service_perimeter(stack)
    build_organization_policies(stack)
    build_access_boundary(stack)
    build_denies(stack)
