"""Channels of family BQ."""
