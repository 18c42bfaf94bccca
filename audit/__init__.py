"""The live project as the proof sees it: what is deployed, not what was planned.

``reading`` (files, the Kubernetes API, Cloud Storage) -> ``assets`` and ``objects`` (recorded responses to resources as a
plan would show them) -> the proof of ``policies``, unchanged -> ``gaps`` (what was not read closes nothing) and ``drift``.
"""
