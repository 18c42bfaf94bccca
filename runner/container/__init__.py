"""Builds the runner's image: `python -m runner.container` (`make image`)."""
