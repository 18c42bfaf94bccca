"""Channels of family IAM."""
