"""`cloister model`: ask the registry of a team's models, on the platform or on this machine."""
