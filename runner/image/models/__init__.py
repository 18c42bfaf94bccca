"""The registry of a team's models: objects of its artifacts bucket, written by the runner and by nobody else.

A verb of `cloister model` is a run of the runner without a command of the team's: it reads and creates objects as the
team's identity and answers in log entries. Nothing here is overwritten or deleted: a version, a promotion and a
release are objects created with ifGenerationMatch=0, so of two that want the same name one wins and the other is told.
"""
