"""VPC Service Controls: perimeters, access levels, and what they let pass."""
