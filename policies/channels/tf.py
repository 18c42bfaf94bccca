"""Channels of family TF."""
