"""Channels of family NET."""
