"""Channels of family MSG."""
