"""The channel that a simulator plays, and the switches that tests turn."""

import re
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .errors import Refusal


@dataclass
class Channel:
    """A Messaging API channel and its bot. ``webhook_url`` may be changed while it runs.

    ``access_token`` is the long-lived token; others are issued by the token endpoints.
    """

    id: str = "2000000001"
    secret: str = "simulator-channel-secret"
    access_token: str = "simulator-access-token"
    webhook_url: str = ""
    bot_user_id: str = "U" + "0" * 31 + "1"
    basic_id: str = "@simulator"
    display_name: str = "見本市"
    webhook_active: bool = True


@dataclass(frozen=True)
class Settings:
    """How the platform behaves. Names in JSON are these in camelCase.

    quota: messages a month, None = no limit. verified: followers may be listed (R49).
    rate_scale: factor on every rate limit (R27), 0 switches the limits off.
    lenient_multicast: unknown ids are passed over instead of refused (R29).
    redelivery: failed webhooks are sent again; True or the seconds to wait before each try.
    duplicates: share of webhooks that arrive twice at the same moment (R7).
    shuffle: ``"residents"`` mixes residents but keeps each one's order, ``"all"`` (or True)
    keeps no order (R9). batch: most events in one webhook (R5). mode: ``"standby"`` sends no
    reply tokens (R10). webhook_timeout: seconds (R3). transcoding_seconds: how long video and
    audio are prepared (R47). rich_menu_seconds: how long bulk and batch links take (R46).
    insight_least: so many people have to tap a rich menu before LINE tells how often.
    """

    quota: int | None = None
    verified: bool = True
    rate_scale: float = 1.0
    lenient_multicast: bool = False
    redelivery: bool | list[float] = False
    duplicates: float = 0.0
    shuffle: bool | str = False
    batch: int = 1
    mode: str = "active"
    chat_mode: str = "bot"
    webhook_timeout: float = 2.0
    transcoding_seconds: float = 0.0
    rich_menu_seconds: float = 0.0
    insight_least: int = 20

    def to_json(self) -> dict[str, Any]:
        """The settings with the names that the control API uses."""
        return {_camel(name): value for name, value in asdict(self).items()}

    def changed(self, changes: dict[str, Any]) -> "Settings":
        """A copy with ``changes`` (names as in JSON) made.

        Raises:
            Refusal: 400 that names the setting that does not exist or has a wrong value.
        """
        names = {_camel(field.name): field.name for field in fields(self)}
        values: dict[str, Any] = {}
        for key, value in changes.items():
            if key not in names:
                known = ", ".join([*sorted(names), "clock", "webhookUrl", "webhookActive"])
                raise Refusal(400, f"there is no setting {key!r}; there are {known}")
            if not _RULES[names[key]](value):
                raise Refusal(400, f"the setting {key!r} cannot be {value!r}")
            values[names[key]] = value
        return replace(self, **values)


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def _is_number(value: Any, most: float = 1e9) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


_RULES = {
    "quota": lambda value: value is None or _is_count(value),
    "verified": _is_bool,
    "rate_scale": _is_number,
    "lenient_multicast": _is_bool,
    "redelivery": lambda value: (
        _is_bool(value) or (isinstance(value, list) and all(map(_is_number, value)))
    ),
    "duplicates": lambda value: _is_number(value, 1),
    "shuffle": lambda value: _is_bool(value) or value in ("residents", "all"),
    "batch": lambda value: _is_count(value) and 1 <= value <= 100,
    "mode": lambda value: value in ("active", "standby"),
    "chat_mode": lambda value: value in ("chat", "bot"),
    "webhook_timeout": _is_number,
    "transcoding_seconds": _is_number,
    "rich_menu_seconds": _is_number,
    "insight_least": _is_count,
}
