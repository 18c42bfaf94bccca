"""Channels of family K8S."""
