"""Name resolution: zones, response policies and server policies, and where a query ends."""
