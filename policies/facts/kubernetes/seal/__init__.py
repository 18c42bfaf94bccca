"""The seal of teams' pods: what admission lets in, and what else could undo it."""
