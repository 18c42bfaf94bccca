"""Channels of family DNS."""
