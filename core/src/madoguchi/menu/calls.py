"""LINE's calls for rich menus (R45, R46), and what they answer as Python values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from madoguchi.management import LineError, Management

MOST_LINKED = 500
"""User ids in one bulk call (R46)."""
_MENU = "/v2/bot/richmenu"
_ONE = f"{_MENU}/{{menuId}}"
_DEFAULT = "/v2/bot/user/all/richmenu"
_LINK = "/v2/bot/user/{userId}/richmenu"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Menu:
    """A rich menu that was made by the API, ours or another program's."""

    id: str
    name: str
    labels: Sequence[str]
    """What its areas say, or do where they say nothing."""


@dataclass(frozen=True, slots=True)
class Taps:
    """How often the area whose upper left corner is at `x`, `y` was tapped on one day."""

    day: date
    x: int
    y: int
    count: int


class RichMenuCalls(Management):
    """The calls. Each raises `LineError`."""

    async def menus(self) -> list[Menu]:
        """All menus made by the API; LINE does not list those of the account's manager."""
        got = await self._ask("GET", f"{_MENU}/list")
        return [_read(one) for one in got.get("richmenus", ())]

    async def create_menu(self, menu: Mapping[str, Any]) -> str:
        """Make a menu without a picture: its id. At most 100 an hour."""
        got = await self._ask("POST", _MENU, data=json.dumps(menu).encode(), kind=_JSON)
        return str(got["richMenuId"])

    async def upload_menu_image(self, menu_id: str, png: bytes) -> None:
        """Give a menu its picture; LINE takes one only."""
        path, ids = f"{_ONE}/content", {"menuId": menu_id}
        await self._ask("POST", path, ids=ids, data=png, kind="image/png", large=True)

    async def menu_image(self, menu_id: str) -> bytes | None:
        """The picture of a menu, as PNG or JPEG; None if it has none, or is gone."""
        path, ids = f"{_ONE}/content", {"menuId": menu_id}
        try:
            _, picture = await self._load("GET", path, ids=ids, large=True)
        except LineError as error:
            if error.answer.status == 404:
                return None
            raise
        return picture

    async def delete_menu(self, menu_id: str) -> None:
        """Take a menu away, also from everybody who sees it; gone already is as good."""
        try:
            await self._ask("DELETE", _ONE, ids={"menuId": menu_id})
        except LineError as error:
            if error.answer.status != 404:
                raise

    async def default_menu(self) -> str | None:
        """The menu that the API set for everybody.

        None if there is none, or if the one of the account's manager counts (403).
        """
        try:
            got = await self._ask("GET", _DEFAULT)
        except LineError as error:
            if error.answer.status in (403, 404):
                return None
            raise
        return str(got["richMenuId"])

    async def set_default_menu(self, menu_id: str | None) -> None:
        """Show a menu to everybody without one of their own; None: what the manager set, if any."""
        if menu_id is None:
            await self._ask("DELETE", _DEFAULT)
        else:
            await self._ask("POST", f"{_DEFAULT}/{{menuId}}", ids={"menuId": menu_id})

    async def menu_taps(self, menu_id: str, first: date, last: date) -> list[Taps]:
        """Taps by area and day of Japan, links included, for at most 100 days (60 calls an hour).

        Nothing while LINE has not counted, or where too few people have tapped.
        """
        path, query = "/v2/bot/insight/richmenu/{menuId}/daily", {"from": first, "to": last}
        days = urlencode({name: f"{day:%Y%m%d}" for name, day in query.items()})
        got = await self._ask("GET", path, ids={"menuId": menu_id}, query=f"?{days}")
        return [_count(area, one) for area in got.get("clicks", ()) for one in area["metrics"]]

    async def link_menu(self, user_id: str, menu_id: str | None) -> None:
        """Give one resident a menu of their own, or take it away (None)."""
        if menu_id is None:
            await self._ask("DELETE", _LINK, ids={"userId": user_id})
        else:
            ids = {"userId": user_id, "menuId": menu_id}
            await self._ask("POST", f"{_LINK}/{{menuId}}", ids=ids)

    async def link_menu_to_many(self, user_ids: Sequence[str], menu_id: str | None) -> None:
        """The same for at most 500; LINE does it a little later (R46)."""
        body: dict[str, Any] = {"userIds": list(user_ids)}
        if menu_id is not None:
            body["richMenuId"] = menu_id
        path = f"{_MENU}/bulk/{'link' if menu_id else 'unlink'}"
        await self._ask("POST", path, data=json.dumps(body).encode(), kind=_JSON)


def _count(area: Mapping[str, Any], one: Mapping[str, Any]) -> Taps:
    day = datetime.strptime(str(one["date"]), "%Y%m%d").date()
    return Taps(day, int(area["bounds"]["x"]), int(area["bounds"]["y"]), int(one["count"]))


def _read(menu: Mapping[str, Any]) -> Menu:
    actions = [area.get("action", {}) for area in menu.get("areas", ())]
    labels = [str(one.get("label") or one.get("text") or one.get("uri") or "") for one in actions]
    return Menu(str(menu.get("richMenuId", "")), str(menu.get("name", "")), labels)
