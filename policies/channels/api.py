"""Channels of family API."""
