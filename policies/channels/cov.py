"""Channels of family COV."""
