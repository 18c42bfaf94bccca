"""What has to be there before the first deploy: APIs, service agents, and the bucket of Terraform's state."""
