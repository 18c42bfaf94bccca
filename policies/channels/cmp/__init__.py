"""Compute: disks and their copies, images, metadata, file stores."""

from policies.channels.cmp import copies, files, images, metadata

__all__ = ["copies", "files", "images", "metadata"]
