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

# What Google's APIs are answered from on the internet: its own announcements without those of Google Cloud's customers.
# Source: www.gstatic.com/ipranges/goog.json less cloud.json, summarised.
FRONT_ENDS = cidrs(
    "8.8.4.0/24", "8.8.8.0/24", "64.233.160.0/19", "66.102.0.0/20", "66.249.64.0/19", "72.14.192.0/18", "74.125.0.0/16",
    "108.177.0.0/17", "142.250.0.0/15", "172.217.0.0/16", "172.253.0.0/16", "173.194.0.0/16", "192.178.0.0/15",
    "209.85.128.0/17", "216.58.192.0/19", "216.239.32.0/19", "2001:4860::/32", "2404:6800::/32", "2607:f8b0::/32",
    "2800:3f0::/32", "2a00:1450::/32", "2c0f:fb50::/32",
)  # fmt: skip

IAP_TUNNEL = cidrs("35.235.240.0/20")
# Probes and proxies of Google's load balancers.
LOAD_BALANCERS = cidrs("35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22", "2600:2d00:1:b029::/64",
                       "2600:2d00:1:1::/64", "2600:1901:8001::/48")  # fmt: skip
# Where Cloud DNS forwards from: answers come back to it, never to a customer.
CLOUD_DNS = cidrs("35.199.192.0/19")
