"""操作記録: who did what, when; with filters, and as a file for a period."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST
from madoguchi.tables import audit
from madoguchi_console.lists import Column, Filter, ListView, show_list

ACTIONS = {
    "login.enter": "ログインした",
    "login.leave": "ログアウトした",
    "login.lock": "5回まちがえて閉じられた",
    "staff.make": "職員を登録した",
    "staff.change": "職員の登録を変えた",
    "staff.permit": "職員の権限を変えた",
    "staff.invite": "招待の紙を作った",
    "staff.accept": "招待の紙を使った",
    "staff.password": "パスワードを変えた",
    "staff.second_app": "ログインの番号をアプリにした",
    "staff.second_paper": "ログインの番号を印刷した",
    "staff.end_sessions": "ログアウトさせた",
    "section.make": "課・係を作った",
    "section.change": "課・係を変えた",
    "settings.change": "設定を変えた",
    "gateway.hold": "バックアップからもどした",
    "gateway.resume": "バックアップからもどしたあと、送信を始めた",
    "list.export": "一覧をファイルにした",
    "resident.look": "住民の情報を見た",
    "resident.export": "住民の情報の写しを作った",
    "resident.erase": "住民の情報を消しはじめた",
    "resident.erased": "住民の情報を消しおわった",
}
"""What is done in the console and by the gateway, in words; plugins' actions as they are called."""
KINDS = [
    ("staff", "職員"),
    ("resident", "住民"),
    ("plugin", "自動"),
    ("system", "システム"),
]
OBJECTS = {
    "staff": "職員",
    "section": "課・係",
    "resident": "住民",
    "settings": "設定",
    "list": "一覧",
}


def name_action(action: str) -> str:
    """What was done, in words where there are some."""
    return ACTIONS.get(action, action)


def name_object(text: str) -> str:
    """To what, in words: 「職員 3」."""
    kind, _, rest = text.partition(":")
    return f"{OBJECTS.get(kind, kind)} {rest.replace(':', ' ')}".strip()


def _since(day: date) -> Any:
    return audit.c.at >= datetime.combine(day, time(), JST)


def _until(day: date) -> Any:
    return audit.c.at < datetime.combine(day + timedelta(1), time(), JST)


def _columns() -> Sequence[Column]:
    return [
        Column("いつ", lambda row: row.at, "at", audit.c.at),
        Column("だれが", lambda row: row.actor_label, "who", audit.c.actor_label),
        Column("したこと", lambda row: name_action(row.action), "action", audit.c.action),
        Column("何を", lambda row: name_object(row.object)),
        Column("くわしく", lambda row: _detail(row.detail)),
    ]


def _detail(detail: Any) -> str:
    if not detail:
        return ""
    return "、".join(
        f"{name}：{value}" for name, value in detail.items() if value not in ("", None)
    )


async def show_audit(request: Request) -> Response:
    """`GET /audit`."""
    page = request.state.page
    found = await page.read(lambda db: db.scalars(select(audit.c.action).distinct()).all())
    actions = sorted(((one, name_action(one)) for one in found), key=lambda one: one[1])
    view = ListView(
        "操作記録",
        select(audit),
        _columns(),
        filters=[
            Filter("since", "この日から", _since, kind="date"),
            Filter("until", "この日まで", _until, kind="date"),
            Filter("kind", "だれが", lambda value: audit.c.actor_kind == value, KINDS),
            Filter(
                "who",
                "名前",
                lambda text: audit.c.actor_label.contains(text, autoescape=True),
            ),
            Filter("action", "したこと", lambda value: audit.c.action == value, actions),
            Filter("object", "何を（記号）", lambda text: audit.c.object.startswith(text)),
        ],
        order=[audit.c.id.desc()],
        export="console.audit",
        file="audit",
        intro="書いたあとに変えたり消したりできない記録です。住民の名前や電話番号は入りません。",
    )
    return await show_list(request, view)
