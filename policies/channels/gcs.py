"""Channels of family GCS."""
