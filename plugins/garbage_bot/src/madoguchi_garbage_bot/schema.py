"""What all tables of this package belong to."""

from madoguchi.store import plugin_metadata

metadata = plugin_metadata("garbage_bot")
