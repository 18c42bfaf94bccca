"""Networks: addresses, NICs, firewalls, routes, and the ways out."""
