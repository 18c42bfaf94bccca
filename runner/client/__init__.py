"""`cloister job`: runs a job here, on an object store of this machine, as the platform would run it."""
