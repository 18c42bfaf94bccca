"""Channels of family DB."""
