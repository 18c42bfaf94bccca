"""Channels of family SRV."""
