"""A flow as Argo Workflows runs it: what Metaflow makes of it, what of that would leave, and what is deployed."""
