"""Channels of family SEC."""
