"""Channels of family TEN."""
