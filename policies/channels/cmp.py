"""Channels of family CMP."""
