"""`cloister status`: how the platform stands, from the declarations, Kubernetes and the teams' log buckets."""
