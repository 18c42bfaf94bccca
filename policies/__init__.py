"""Proofs, over synthesized JSON and Terraform plans, that a team's data cannot leave its scope.

Layers, each ignorant of those after it:
snapshot -> expressions -> facts -> graph -> channels -> verdicts -> report.
"""
