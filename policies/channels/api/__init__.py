"""Family API."""
