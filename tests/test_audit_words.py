"""操作記録 tells in words what our own code writes down: no action is shown by its code."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from madoguchi.tables import audit

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = re.compile(r'\b(?:audit|_?note\w*)[(,][^"]{0,120}?"([a-z]+)\.[a-z_.]+"')
"""A line is written, or a unit that writes it is handed on: the kind of action."""
MOVED = re.compile(r'(?:states\.move|_steer)\((?:[^()"]|\([^()]*\))*"([a-z]+)"')
"""A delivery's change of state: `delivery.` and this."""
FILES = ("html", "css", "js", "py", "toml", "sqlite", "csv")
OTHERS = {"menu.plan", "delivery.id", "resident.id", "resident.note_export", "staff.second_"}
"""What looks like an action and is none."""


@pytest.fixture
def plugins():
    garbage = ROOT / "config" / "mihon" / "garbage"
    list_of_items = {"dictionary": str(garbage / "items.csv"), "calendar": str(garbage)}
    return {"segment": {}, "garbage_bot": list_of_items, "liff": {}, "console": {}}


def find_actions() -> set[str]:
    """Every action that our own code can write down, by its code."""
    sources = [
        path.read_text("utf-8")
        for part in ("core", "console", "liff", "plugins")
        for path in (ROOT / part).glob("**/src/**/*.py")
    ]
    kinds = {kind for source in sources for kind in WRITTEN.findall(source)}
    assert {"delivery", "audience", "answers", "resident", "staff", "login", "menu"} <= kinds
    action = re.compile(rf"(?:{'|'.join(kinds)})(?:\.[a-z_]+)+")
    found = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if action.fullmatch(node.value) and not node.value.endswith(FILES)
    }
    moved = {name for source in sources for name in MOVED.findall(source)}
    assert {"approve", "return", "pause"} <= moved
    return found - OTHERS | {f"delivery.{name}" for name in moved}


def test_every_action_is_told_in_words(gateway, make_staff):
    admin = make_staff("管理 花子", admin=True)
    actions = sorted(find_actions())
    rows = [
        {
            "at": datetime.now(UTC),
            "actor_kind": "staff",
            "actor_id": "1",
            "actor_label": "ためす人",
            "action": action,
            "object": f"{action.partition('.')[0]}:7",
            "detail": {
                "version": 2,
                "from": "draft",
                "fields": ["title"],
                "condition": {"all": []},
            },
        }
        for action in actions
    ]
    gateway.wait(gateway.running.store.write(lambda db: db.execute(insert(audit), rows)))
    html = "".join(admin.opens(f"/audit?page={n}").html for n in (1, 2))
    told = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    ]
    told = [row for row in told if len(row) == 5 and "ためす人" in row[1]]
    assert len(told) == len(actions)
    codes = [row for row in told if re.search("[a-z]", re.sub("<.*?>", "", "".join(row)))]
    assert codes == []
    assert any("版：2、前の状態：下書き" in row[4] for row in told)
