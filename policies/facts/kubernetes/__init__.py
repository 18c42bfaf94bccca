"""What the cluster is and what runs in it: GKE clusters, and every Kubernetes object in the API's own words."""
