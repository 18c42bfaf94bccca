"""Channels of family GCS: who reaches buckets, by which doors, and where objects go."""

from policies.channels.gcs import copies, keys, members, names, network, public, upkeep

__all__ = ["copies", "keys", "members", "names", "network", "public", "upkeep"]
