"""Deploying and destroying the stacks in the order of their dependencies, each from the tree that was proven."""
