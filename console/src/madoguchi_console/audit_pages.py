"""操作記録: who did what, when; with filters, and as a file for a period."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from madoguchi import JST
from madoguchi.tables import audit
from madoguchi_console.lists import Column, Filter, ListView, show_list

WORDS = {
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
    "menu.publish": "メニューを住民に出した",
    "menu.compare": "メニューを見くらべる絵を作った",
    "backup.note": "控えを作った",
    "menu.restore": "前のメニューに戻した",
    # To what
    "backup": "控え",
    "staff": "職員",
    "section": "課・係",
    "resident": "住民",
    "settings": "設定",
    "list": "一覧",
    "menu": "メニュー",
    "gateway": "全体",
    "login": "ログイン",
    # What else is told
    "sections": "課・係と権限",
    "changed": "変えたところ",
    "reason": "理由",
    "comment": "ひとこと",
    "rows": "行",
    "kind": "形",
    "deleted": "消したもの",
    "kept": "残したもの",
}
"""What the console and the gateway write down, in words; plugins name theirs (`audit_words`)."""
KINDS = [
    ("staff", "職員"),
    ("resident", "住民"),
    ("plugin", "自動"),
    ("system", "システム"),
]
Words = Mapping[str, str]


def words_of(inside: Any) -> Words:
    """Code → words, the console's first, then the plugins' in the order of the city's file."""
    permissions = {one.name: f"{one.label}る" for _, one in inside.permissions()}
    theirs = [one.info.audit_words for one in inside.plugins]
    return ChainMap({}, WORDS, permissions, *(dict(one) for one in theirs))


def name_object(text: str, words: Words) -> str:
    """To what, in words: 「職員 3」."""
    kind, _, rest = text.partition(":")
    return f"{words.get(kind, kind)} {rest.replace(':', ' ')}".strip()


def _since(day: date) -> Any:
    return audit.c.at >= datetime.combine(day, time(), JST)


def _until(day: date) -> Any:
    return audit.c.at < datetime.combine(day + timedelta(1), time(), JST)


def _columns(words: Words) -> Sequence[Column]:
    def name(action: str) -> str:
        return words.get(action, action)

    return [
        Column("いつ", lambda row: row.at, "at", audit.c.at),
        Column("だれが", lambda row: row.actor_label, "who", audit.c.actor_label),
        Column("したこと", lambda row: name(row.action), "action", audit.c.action),
        Column("何を", lambda row: name_object(row.object, words)),
        Column("くわしく", lambda row: tell(row.detail or {}, words)),
    ]


def tell(detail: Any, words: Words) -> str:
    """What else is written down: 「版：2、前の状態：下書き」."""
    if isinstance(detail, Mapping):
        told = [
            f"{words.get(name, name)}：{tell(value, words)}"
            for name, value in detail.items()
            if value not in ("", None) and words.get(name, name)
        ]
        return "、".join(told)
    if isinstance(detail, list):
        return "・".join(tell(one, words) for one in detail)
    return words.get(str(detail), str(detail))


async def show_audit(request: Request) -> Response:
    """`GET /audit`."""
    page = request.state.page
    found = await page.read(lambda db: db.scalars(select(audit.c.action).distinct()).all())
    words = words_of(page.inside)
    actions = sorted(((one, words.get(one, one)) for one in found), key=lambda one: one[1])
    view = ListView(
        "操作記録",
        select(audit),
        _columns(words),
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
