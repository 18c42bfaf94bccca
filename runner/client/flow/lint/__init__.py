"""What in a flow would leave the boundary, read from its syntax tree. Nothing is imported or run.

The seal and admission are the boundary; this says beforehand, and in the flow's own words, what they would refuse.
"""
