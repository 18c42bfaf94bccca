"""Family API: Google API front ends and VPC Service Controls."""

from policies.channels.api import doors, perimeter, rules, tenancy

__all__ = ["doors", "perimeter", "rules", "tenancy"]
