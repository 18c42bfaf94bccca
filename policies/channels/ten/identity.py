"""Channels of family TEN that run through grants, images and logs."""
