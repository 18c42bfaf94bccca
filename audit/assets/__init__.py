"""Assets of Cloud Asset Inventory to resources: one function or table row per asset type, grouped by service.

Source of the shapes: the REST reference of each service (``resource.data`` is what its ``get`` answers), and the
inventory's list of asset types.
"""
