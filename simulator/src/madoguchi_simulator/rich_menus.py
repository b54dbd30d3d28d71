"""Rich menus and their pictures, and which of them everybody sees (R45, R46).

Two owners keep menus: the bot makes its own by the API, and the account's manager may have set one
by hand before there was a bot. The API neither lists nor changes the manager's.
"""

import json
import re
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any, TypeGuard

from madoguchi_messages import find_rich_menu_image_problems, find_rich_menu_problems

from .errors import Refusal, field_errors
from .pictures import read_size

API, MANAGER = "api", "manager"
MOST = 1000
_ID = re.compile(r"richmenu-[0-9a-f]{32}")
_NO_IMAGE = "must upload richmenu image before applying it to user"


class RichMenus:
    """All menus of one account. ``changed`` is called when everybody may see another one."""

    def __init__(self, db: sqlite3.Connection, changed: Callable[[], None]) -> None:
        self._db = db
        self._changed = changed

    def check(self, menu: Any) -> None:
        """Refusal 400 for a menu object that LINE would not create (R45)."""
        if problems := find_rich_menu_problems(menu):
            raise field_errors([(one.property, one.message) for one in problems])

    def create(self, menu: dict[str, Any]) -> str:
        """The id of a new menu without a picture; the 1,001st is refused (R45)."""
        self.check(menu)
        if len(self.all()) >= MOST:
            raise Refusal(400, f"The number of rich menus exceeds the limit of {MOST}")
        menu_id = self._add(menu, API)
        self._db.commit()
        return menu_id

    def all(self) -> list[dict[str, Any]]:
        """The bot's own menus, the oldest first."""
        rows = self._db.execute(
            "SELECT menu_id, menu FROM rich_menu WHERE owner = ? ORDER BY number", (API,)
        )
        return [_answer(menu_id, json.loads(menu)) for menu_id, menu in rows]

    def get(self, menu_id: str) -> dict[str, Any]:
        """One of the bot's own menus, or Refusal 404."""
        menu = self._menu(menu_id, API)
        if menu is None:
            raise Refusal(404, "Not found")
        return menu

    def delete(self, menu_id: str) -> None:
        """A menu is gone for all who saw it; an alias goes on naming it (R46)."""
        self.get(menu_id)
        for table in ("rich_menu", "rich_menu_link", "rich_menu_default"):
            self._db.execute(f"DELETE FROM {table} WHERE menu_id = ?", (menu_id,))
        self._db.commit()
        self._changed()

    def set_image(self, menu_id: str, media_type: str, data: bytes) -> None:
        """Give a menu its picture, once (R45)."""
        self.get(menu_id)
        if media_type not in ("image/jpeg", "image/png"):
            raise Refusal(415, f"The content type, {media_type}, is not supported")
        if self.image(menu_id) is not None:
            raise Refusal(400, "An image has already been uploaded to the richmenu")
        found = read_size(data)
        if found is None or found[0] != media_type:
            raise Refusal(400, f"The image is no {media_type}")
        if find_rich_menu_image_problems(*found[1:], len(data)):
            raise Refusal(400, "The image size is not allowed for richmenu")
        self._keep_image(menu_id, media_type, data)
        self._db.commit()

    def image(self, menu_id: str) -> tuple[str, bytes] | None:
        """Media type and bytes of a menu's picture, whoever owns it."""
        row = self._db.execute(
            "SELECT media_type, image FROM rich_menu WHERE menu_id = ? AND image IS NOT NULL",
            (menu_id,),
        ).fetchone()
        return row and tuple(row)

    def require_image(self, menu_id: str, missing: str = "Not found") -> None:
        """Refusal 404 (``missing``) if there is no such menu, 400 if it has no picture."""
        if not self.is_own(menu_id):
            raise Refusal(404, missing)
        if self.image(menu_id) is None:
            raise Refusal(400, _NO_IMAGE)

    def set_default(self, menu_id: str) -> None:
        """Everybody without a menu of their own sees this one."""
        self.require_image(menu_id)
        self._keep_default(API, menu_id)
        self._db.commit()
        self._changed()

    def get_default(self) -> str:
        """The id that `set_default` set; 404 if there is none, 403 if the manager's counts."""
        if menu_id := self.default_of(API):
            return menu_id
        if self.default_of(MANAGER):
            raise Refusal(403, "the richmenu is owned by another channel")
        raise Refusal(404, "no default richmenu")

    def clear_default(self) -> None:
        """Take back what `set_default` did; the manager's menu comes to light again."""
        self._db.execute("DELETE FROM rich_menu_default WHERE owner = ?", (API,))
        self._db.commit()
        self._changed()

    def set_managers(self, menu: dict[str, Any] | None, image: bytes | None) -> None:
        """The menu that somebody set in the account's manager, None for no such menu."""
        found = read_size(image) if image is not None else None
        if image is not None and found is None:
            raise Refusal(400, "the image is neither PNG nor JPEG")
        if menu is not None:
            self.check(menu)
        self._db.execute("DELETE FROM rich_menu WHERE owner = ?", (MANAGER,))
        self._db.execute("DELETE FROM rich_menu_default WHERE owner = ?", (MANAGER,))
        if menu is not None:
            menu_id = self._add(menu, MANAGER)
            if image is not None and found is not None:
                self._keep_image(menu_id, found[0], image)
            self._keep_default(MANAGER, menu_id)
        self._db.commit()
        self._changed()

    def default_of(self, owner: str) -> str | None:
        """The id of the default menu that the API or the manager set."""
        row = self._db.execute(
            "SELECT menu_id FROM rich_menu_default WHERE owner = ?", (owner,)
        ).fetchone()
        return row[0] if row else None

    def is_own(self, menu_id: str) -> bool:
        """Whether the bot made this menu."""
        return self._menu(menu_id, API) is not None

    def is_ready(self, menu_id: str) -> bool:
        """Whether the bot made this menu and gave it its picture."""
        return self.is_own(menu_id) and self.image(menu_id) is not None

    def find(self, menu_id: str) -> dict[str, Any] | None:
        """A menu of whichever owner."""
        return self._menu(menu_id, API) or self._menu(menu_id, MANAGER)

    def _menu(self, menu_id: str, owner: str) -> dict[str, Any] | None:
        row = self._db.execute(
            "SELECT menu FROM rich_menu WHERE menu_id = ? AND owner = ?", (menu_id, owner)
        ).fetchone()
        return _answer(menu_id, json.loads(row[0])) if row else None

    def _add(self, menu: dict[str, Any], owner: str) -> str:
        menu_id = "richmenu-" + secrets.token_hex(16)
        self._db.execute(
            "INSERT INTO rich_menu (menu_id, owner, menu) VALUES (?, ?, ?)",
            (menu_id, owner, json.dumps(menu)),
        )
        return menu_id

    def _keep_image(self, menu_id: str, media_type: str, data: bytes) -> None:
        self._db.execute(
            "UPDATE rich_menu SET media_type = ?, image = ? WHERE menu_id = ?",
            (media_type, data, menu_id),
        )

    def _keep_default(self, owner: str, menu_id: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO rich_menu_default VALUES (?, ?)", (owner, menu_id))


def is_menu_id(value: object) -> TypeGuard[str]:
    """Whether it has the form of a rich menu's id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _answer(menu_id: str, menu: dict[str, Any]) -> dict[str, Any]:
    """The menu as LINE answers it: with its id, and what LINE does not know left out."""
    names = ("size", "selected", "name", "chatBarText", "areas")
    return {"richMenuId": menu_id, **{name: menu[name] for name in names}}
