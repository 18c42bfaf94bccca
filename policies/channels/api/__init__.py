"""Family API: Google API front ends and VPC Service Controls."""

from policies.channels.api import front_ends, perimeter, rules, tenancy, tenants

__all__ = ["front_ends", "perimeter", "rules", "tenancy", "tenants"]
