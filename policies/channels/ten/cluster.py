"""Channels of family TEN that run through the cluster."""
