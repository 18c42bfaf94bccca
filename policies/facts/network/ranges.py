"""Addresses of Google's own front ends and infrastructure.

Source: cloud.google.com/vpc/docs/configure-private-google-access, .../load-balancing/docs/health-check-concepts,
.../iap/docs/using-tcp-forwarding, .../dns/docs/zones/forwarding-zones (catalogue 2.2).
"""

from __future__ import annotations

from policies.facts.network.addresses import cidrs

# Only services that VPC Service Controls can restrict.
RESTRICTED_VIP = cidrs("199.36.153.4/30", "2600:2d00:2:1000::/64")
# Every Google API, those without VPC Service Controls included.
PRIVATE_VIP = cidrs("199.36.153.8/30", "2600:2d00:2:2000::/64")
DIRECT_PATH = cidrs("34.126.0.0/18", "2001:4860:8040::/42")

VIPS = RESTRICTED_VIP | PRIVATE_VIP | DIRECT_PATH

IAP_TUNNEL = cidrs("35.235.240.0/20")
# Probes and proxies of Google's load balancers.
LOAD_BALANCERS = cidrs("35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22", "2600:2d00:1:b029::/64",
                       "2600:2d00:1:1::/64", "2600:1901:8001::/48")  # fmt: skip
# Where Cloud DNS forwards from: answers come back to it, never to a customer.
CLOUD_DNS = cidrs("35.199.192.0/19")
