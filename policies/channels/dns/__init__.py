"""Family DNS."""
