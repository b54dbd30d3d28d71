"""Rich menu aliases: names that tabs switch to (R46)."""

import re
import sqlite3
from typing import Any

from .errors import Refusal, field_errors
from .rich_menus import RichMenus, is_menu_id

MOST = 1000
_FORM = re.compile(r"[a-z0-9_-]{1,32}")


class RichMenuAliases:
    """Alias by name. A menu that is deleted leaves its aliases behind, naming nothing."""

    def __init__(self, db: sqlite3.Connection, menus: RichMenus) -> None:
        self._db = db
        self._menus = menus

    def create(self, payload: dict[str, Any]) -> None:
        """A new alias of a menu that has a picture, or Refusal 400."""
        alias: Any = payload.get("richMenuAliasId")
        problems = []
        if not alias:
            problems.append(("richMenuAliasId", "must be specified"))
        elif not isinstance(alias, str) or not _FORM.fullmatch(alias):
            problems.append(("richMenuAliasId", "invalid richMenuAliasId"))
        menu_id = self._read_menu(payload, problems)
        if self._find(alias) is not None:
            raise Refusal(400, "conflict richmenu alias id")
        if len(self.all()) >= MOST:
            raise Refusal(400, f"The number of rich menu aliases exceeds the limit of {MOST}")
        self._keep(alias, menu_id)

    def update(self, alias: str, payload: dict[str, Any]) -> None:
        """Let an alias name another menu."""
        self.get(alias)
        self._keep(alias, self._read_menu(payload, []))

    def get(self, alias: str) -> dict[str, str]:
        """The alias with its menu; 400 for what cannot be an alias, 404 for what is none."""
        if not _FORM.fullmatch(alias):
            raise Refusal(400, "The value for the 'richMenuAliasId' parameter is invalid")
        menu_id = self._find(alias)
        if menu_id is None:
            raise Refusal(404, "richmenu alias not found")
        return {"richMenuAliasId": alias, "richMenuId": menu_id}

    def all(self) -> list[dict[str, str]]:
        """Every alias, in the order of their names."""
        rows = self._db.execute("SELECT alias, menu_id FROM rich_menu_alias ORDER BY alias")
        return [{"richMenuAliasId": alias, "richMenuId": menu_id} for alias, menu_id in rows]

    def delete(self, alias: str) -> None:
        """An alias is gone; the menu stays."""
        self.get(alias)
        self._db.execute("DELETE FROM rich_menu_alias WHERE alias = ?", (alias,))
        self._db.commit()

    def _read_menu(self, payload: dict[str, Any], problems: list[tuple[str, str]]) -> str:
        menu_id: Any = payload.get("richMenuId")
        if not menu_id:
            problems.append(("richMenuId", "must be specified"))
        elif not is_menu_id(menu_id):
            problems.append(("richMenuId", "invalid richMenuId"))
        if problems:
            raise field_errors(problems)
        if not self._menus.is_ready(menu_id):
            raise Refusal(400, "richmenu not found")
        return menu_id

    def _find(self, alias: str) -> str | None:
        row = self._db.execute(
            "SELECT menu_id FROM rich_menu_alias WHERE alias = ?", (alias,)
        ).fetchone()
        return row[0] if row else None

    def _keep(self, alias: str, menu_id: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO rich_menu_alias VALUES (?, ?)", (alias, menu_id))
        self._db.commit()
