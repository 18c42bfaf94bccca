"""Typed, provider-neutral facts. Input kinds and provider versions stop here."""
