"""Who sees which rich menu: links of single residents, in bulk and in batches (R46).

Bulk and batch calls are accepted at once and done later, by the platform's clock. What is due is
done when somebody looks, so that it needs no task of its own and survives a restart.
"""

import json
import re
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from .clock import Clock, iso
from .errors import Refusal, field_errors, invalid_property
from .identifiers import is_user_id
from .residents import Residents
from .rich_menus import API, MANAGER, RichMenus, is_menu_id

_MOST_USERS = 500
_MOST_OPERATIONS = 1000
_MEMORY = 14 * 86400
_KEY = re.compile(r"[0-9A-Za-z_-]{1,100}")
_KINDS = ("link", "unlink", "unlinkAll")

_Moves = list[tuple[str, str | None]]


class RichMenuLinks:
    """Links of residents to menus. ``changed`` is called with the user id, None for many."""

    def __init__(
        self,
        db: sqlite3.Connection,
        clock: Clock,
        residents: Residents,
        menus: RichMenus,
        changed: Callable[[str | None], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._residents = residents
        self._menus = menus
        self._changed = changed

    def seen_by(self, user_id: str) -> tuple[str | None, str | None]:
        """The menu id that a resident sees, and whose word that is: user, default or manager."""
        self._settle()
        linked = self._find(user_id) if user_id in self._residents.friends else None
        for menu_id, source in (
            (linked, "user"),
            (self._menus.default_of(API), "default"),
            (self._menus.default_of(MANAGER), "manager"),
        ):
            if menu_id is not None:
                return menu_id, source
        return None, None

    def link(self, user_id: str, menu_id: str) -> None:
        """Give one resident a menu; who is no friend stays without, and LINE does not say so."""
        _check_user_id(user_id)
        self._menus.require_image(menu_id)
        self._settle()
        self._move(user_id, menu_id)
        self._db.commit()
        self._changed(user_id)

    def unlink(self, user_id: str) -> None:
        """One resident sees the default menu again."""
        _check_user_id(user_id)
        self._settle()
        self._move(user_id, None)
        self._db.commit()
        self._changed(user_id)

    def get(self, user_id: str) -> str:
        """The menu linked to a resident, or Refusal 404."""
        _check_user_id(user_id)
        self._settle()
        menu_id = self._find(user_id) if user_id in self._residents.friends else None
        if menu_id is None:
            raise Refusal(404, "the user has no richmenu")
        return menu_id

    def link_many(self, payload: dict[str, Any], request_id: str, seconds: float) -> None:
        """Accept a bulk link, to be done ``seconds`` later."""
        menu_id: Any = payload.get("richMenuId")
        problems = []
        if not menu_id:
            problems.append(("richMenuId", "must be specified"))
        elif not is_menu_id(menu_id):
            problems.append(("richMenuId", "invalid richMenuId"))
        user_ids = _read_user_ids(payload, problems)
        self._menus.require_image(menu_id, "richmenu not found")
        self._accept(request_id, None, [(user_id, menu_id) for user_id in user_ids], seconds)

    def unlink_many(self, payload: dict[str, Any], request_id: str, seconds: float) -> None:
        """Accept a bulk unlink, to be done ``seconds`` later."""
        moves: _Moves = [(user_id, None) for user_id in _read_user_ids(payload, [])]
        self._accept(request_id, None, moves, seconds)

    def batch(self, payload: dict[str, Any], request_id: str, seconds: float) -> None:
        """Accept operations on all who are linked now, to be done ``seconds`` later.

        With a ``resumeRequestKey`` of the last 14 days, those whom the earlier request took care of
        are passed over.
        """
        self.check_batch(payload)
        self._settle()
        key = payload.get("resumeRequestKey")
        passed = self._taken_care_of(key) if key else set()
        moves = [
            (user_id, operation.get("to"))
            for operation in payload["operations"]
            for user_id in self._linked_to(operation.get("from"))
            if user_id not in passed
        ]
        self._accept(request_id, key or "", moves, seconds)

    def check_batch(self, payload: dict[str, Any]) -> None:
        """Refusal 400 or 404 for a batch that LINE would not accept."""
        operations, key = payload.get("operations"), payload.get("resumeRequestKey")
        problems = []
        if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
            problems.append(("resumeRequestKey", "must match [0-9a-zA-Z\\-_]{1,100}"))
        if not isinstance(operations, list):
            problems.append(("operations", "must be specified"))
        elif not 1 <= len(operations) <= _MOST_OPERATIONS:
            problems.append(("operations", f"Size must be between 1 and {_MOST_OPERATIONS}"))
        else:
            problems += _operation_problems(operations)
        if problems:
            raise field_errors(problems)
        for index, operation in enumerate(operations or ()):
            for name in ("from", "to"):
                if name in operation:
                    self._check_menu(operation[name], name, f"operations[{index}].{name}")

    def progress(self, request_id: str) -> dict[str, str]:
        """How far a batch of the last 14 days is."""
        try:
            uuid.UUID(request_id)
        except ValueError:
            raise Refusal(400, "The value for the 'requestId' parameter is invalid") from None
        self._settle()
        row = self._db.execute(
            "SELECT accepted, due, failed FROM rich_menu_job"
            " WHERE request_id = ? AND batch_key IS NOT NULL AND accepted > ?",
            (request_id, self._clock.time() - _MEMORY),
        ).fetchone()
        if row is None:
            raise Refusal(404, "Not found")
        accepted, due, failed = row
        if failed is None:
            return {"phase": "ongoing", "acceptedTime": iso(accepted)}
        phase = "failed" if json.loads(failed) else "succeeded"
        return {"phase": phase, "acceptedTime": iso(accepted), "completedTime": iso(due)}

    def _accept(self, request_id: str, key: str | None, moves: _Moves, seconds: float) -> None:
        """Write a job down; ``key`` is None for a bulk call and a text for a batch."""
        now = self._clock.time()
        self._db.execute(
            "INSERT INTO rich_menu_job (request_id, batch_key, moves, accepted, due)"
            " VALUES (?, ?, ?, ?, ?)",
            (request_id, key, json.dumps(moves), now, now + seconds),
        )
        self._db.commit()
        self._settle()

    def _settle(self) -> None:
        """Do the jobs that are due, in the order in which they were accepted."""
        due = self._db.execute(
            "SELECT number, moves FROM rich_menu_job WHERE failed IS NULL AND due <= ?"
            " ORDER BY number",
            (self._clock.time(),),
        ).fetchall()
        for number, moves in due:
            failed = [user_id for user_id, menu_id in json.loads(moves)
                      if not self._move(user_id, menu_id)]  # fmt: skip
            self._db.execute(
                "UPDATE rich_menu_job SET failed = ? WHERE number = ?", (json.dumps(failed), number)
            )
        if due:
            self._db.commit()
            self._changed(None)

    def _move(self, user_id: str, menu_id: str | None) -> bool:
        """Link or unlink a friend; False if the menu is gone by now. The caller commits."""
        if user_id not in self._residents.friends:
            return True
        if menu_id is None:
            self._db.execute("DELETE FROM rich_menu_link WHERE user_id = ?", (user_id,))
            return True
        if not self._menus.is_ready(menu_id):
            return False
        self._db.execute("INSERT OR REPLACE INTO rich_menu_link VALUES (?, ?)", (user_id, menu_id))
        return True

    def _find(self, user_id: str) -> str | None:
        row = self._db.execute(
            "SELECT menu_id FROM rich_menu_link WHERE user_id = ?", (user_id,)
        ).fetchone()
        return row[0] if row else None

    def _linked_to(self, menu_id: str | None) -> list[str]:
        """Who is linked to a menu now, or to any."""
        return [
            user_id
            for (user_id,) in self._db.execute(
                "SELECT user_id FROM rich_menu_link WHERE ? IS NULL OR menu_id = ?",
                (menu_id, menu_id),
            )
        ]

    def _taken_care_of(self, key: str) -> set[str]:
        rows = self._db.execute(
            "SELECT moves, failed FROM rich_menu_job WHERE batch_key = ? AND accepted > ?",
            (key, self._clock.time() - _MEMORY),
        ).fetchall()
        taken: set[str] = set()
        for moves, failed in rows:
            taken |= {user_id for user_id, _ in json.loads(moves)}
            taken -= set(json.loads(failed or "[]"))
        return taken

    def _check_menu(self, menu_id: str, name: str, at: str) -> None:
        if not self._menus.is_own(menu_id):
            raise field_errors([(at, f"Richmenu ({menu_id}) is not found")], status=404)
        if name == "to" and not self._menus.is_ready(menu_id):
            words = f"'to' richmenu ({menu_id}) must have image but it doesn't"
            raise field_errors([(at, words)])


def _operation_problems(operations: list[Any]) -> Iterator[tuple[str, str]]:
    origins: Counter[str] = Counter()
    kinds = [one.get("type") if isinstance(one, dict) else None for one in operations]
    for index, (operation, kind) in enumerate(zip(operations, kinds, strict=True)):
        at = f"operations[{index}]"
        if kind not in _KINDS:
            words = f"Must be one of the following values: [{', '.join(_KINDS)}]"
            yield f"{at}.type", words
            continue
        needed = {"link": ("from", "to"), "unlink": ("from",), "unlinkAll": ()}[kind]
        for name in needed:
            if not operation.get(name):
                yield f"{at}.{name}", "must be specified"
            elif not is_menu_id(operation[name]):
                yield f"{at}.{name}", "invalid richMenuId"
            elif name == "from":
                origins[operation[name]] += 1
    if "unlinkAll" in kinds and set(kinds) != {"unlinkAll"}:
        yield "operations[].type", "'unlinkAll' type can't be combined with other type"
    for menu_id, count in origins.items():
        if count > 1:
            yield "operations[].from", f"from richmenu ({menu_id}) is duplicated"


def _read_user_ids(payload: dict[str, Any], problems: list[tuple[str, str]]) -> list[str]:
    user_ids: Any = payload.get("userIds")
    if not isinstance(user_ids, list):
        problems.append(("userIds", "must be specified"))
    elif not 1 <= len(user_ids) <= _MOST_USERS:
        problems.append(("userIds", f"Size must be between 1 and {_MOST_USERS}"))
    if problems:
        raise field_errors(problems)
    for index, user_id in enumerate(user_ids):
        if not is_user_id(user_id):
            raise invalid_property(f"'userIds[{index}]'")
    return user_ids


def _check_user_id(user_id: str) -> None:
    if not is_user_id(user_id):
        raise Refusal(400, "The value for the 'userId' parameter is invalid")
