"""The table `[plugins.liff]` of a city's file."""

from pydantic import BaseModel, Field

SDK = "2.31.0"


class Settings(BaseModel):
    """Nothing has to be written; the table alone switches the pages on."""

    sdk: str = Field(SDK, pattern=r"^2\.[0-9]+\.[0-9]+$")
    """The version of LINE's SDK, whose address is fixed (R59)."""
