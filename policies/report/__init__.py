"""Verdicts to what people and programs read."""
