"""The declarations: what a company writes, as typed models. Imports nothing else of the project."""

from cloister.declarations.boundary import Boundary, Organization
from cloister.declarations.job import Job
from cloister.declarations.load import (
    Declarations,
    files_beside,
    load,
    load_beside,
    load_boundary,
    load_job,
    load_with,
)
from cloister.declarations.mistakes import DeclarationErrors, Mistake
from cloister.declarations.platform import Platform
from cloister.declarations.team import Team

__all__ = [
    "Boundary",
    "DeclarationErrors",
    "Declarations",
    "Job",
    "Mistake",
    "Organization",
    "Platform",
    "Team",
    "files_beside",
    "load",
    "load_beside",
    "load_boundary",
    "load_job",
    "load_with",
]
