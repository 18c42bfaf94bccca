"""Serverless, managed compute and ML services: compute that no VPC firewall sees."""

from policies.channels.srv import builds, models, movers, serverless, unmodelled

__all__ = ["builds", "models", "movers", "serverless", "unmodelled"]
