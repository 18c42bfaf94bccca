"""One file per family of the catalogue, one small pure function per channel."""
