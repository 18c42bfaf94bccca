"""Where answers come from: files of the inventory, recordings, the Kubernetes API, Cloud Storage."""
