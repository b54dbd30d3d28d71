"""What a city's file may say of this plugin."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator

from madoguchi_garbage_bot.layouts import TITLES


class GarbageConfig(BaseModel):
    """`[plugins.garbage_bot]`."""

    model_config = ConfigDict(extra="forbid")

    dictionary: str = Field("", description="The list: a CSV or Excel file beside the city's file")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="How the list calls a column, if no known word: name = 'しなもの'",
    )

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
