"""Fixtures for everybody who tests a plugin."""
