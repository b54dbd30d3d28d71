"""madoguchi."""
