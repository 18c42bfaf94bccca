"""Channels of family REG."""
