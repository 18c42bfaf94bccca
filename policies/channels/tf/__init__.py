"""Terraform and deploy time: where state lies, what runs on the deployer's machine, what a plan cannot show."""

from policies.channels.tf import blind, execution, opaque, pipeline, secrets, sources, state, targets

__all__ = ["blind", "execution", "opaque", "pipeline", "secrets", "sources", "state", "targets"]
