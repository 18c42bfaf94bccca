"""A team's runs on the platform: submitted to its namespace, read back from Kubernetes and the team's logs."""
