"""Plugins for measuring: one that writes rows, and some that misbehave."""
