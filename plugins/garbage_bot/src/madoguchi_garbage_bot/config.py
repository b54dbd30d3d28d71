# nosay: staff read it
"""What a city's file may say of this plugin."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from madoguchi_garbage_bot.layouts import TITLES


class GarbageConfig(BaseModel):
    """`[plugins.garbage_bot]`. Files are named from the city's folder, beside the city's file."""

    model_config = ConfigDict(extra="forbid")

    dictionary: str = Field("garbage/items.csv", description="The first list: CSV or Excel")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="How the list calls a column, if no known word: name = 'しなもの'",
    )
    calendar: str = Field("garbage", description="The folder of area_days.csv and its like")
    on_closure: Literal["drop", "shift"] = Field(
        "drop", description="A collection while its centre is closed: none, or the next open day"
    )
    on_holiday: Literal["collect", "drop", "next"] = Field(
        "collect", description="A collection on a public holiday"
    )
    section: str = Field("", description="Who answers what the list does not know: 環境課")
    phone: str = Field("", description="That section's number; without it, the city's")
    hours: str = Field("", description="When that number is answered; without it, the city's")

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str]) -> dict[str, str]:
        return read_named(columns)


def read_named(columns: Mapping[str, str]) -> dict[str, str]:
    """Names of columns by field. Raises `ValueError` for a field that lists do not have."""
    for field in columns:
        if field.partition(".")[0] not in TITLES:
            raise ValueError(f"there is no column {field!r}: use one of {', '.join(TITLES)}")
    return dict(columns)
