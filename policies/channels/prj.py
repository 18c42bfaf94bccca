"""Channels of family PRJ."""
