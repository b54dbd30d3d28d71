"""The table `[plugins.console]` of a city's file, and what staff may change."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _require_network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError("write an address or a network, such as 10.1.0.0/16") from error
    return value


class Config(BaseModel):
    """Nothing has to be written; the table alone switches the pages on."""

    host: str | None = Field(None, pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$")
    """The name (and port) under which staff reach the console, where it is not the residents'."""
    allow_from: list[Annotated[str, AfterValidator(_require_network)]] = []
    """Networks from which the console may be opened; without it, all. See `serve --proxies`."""
    sample: bool = False
    """Sample people whom anybody can be with one click. In the demo only: needs the simulator."""


class Settings(BaseModel):
    """What administrators may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiet_minutes: int = Field(
        30, ge=5, le=24 * 60, title="LINEから何分届かないときに知らせるか（8時〜21時）"
    )
    backup_days: int = Field(
        7,
        ge=0,
        le=365,
        title="バックアップが何日とられていないときに知らせるか（0なら知らせない）",
    )
    quota_percent: int = Field(90, ge=50, le=100, title="今月送れる通数の何％を使ったら知らせるか")
