"""Channels of family LOG."""
