# nosay: staff hand it out on paper, in Japanese
"""Everything that is kept about a resident, as files for them: JSON, and a text to read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi import inbox_orders
from madoguchi.clock import JST
from madoguchi.languages import Words
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.privacy import Office, Person
from madoguchi.tables import CORE, draft, media, outgoing, profile, resident, submission
from madoguchi.tables import audit as audit_log
from madoguchi.types import Event, Record, Resident

ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
SEEN = {
    "text": "テキスト",
    "image": "写真",
    "video": "動画",
    "audio": "音声",
    "file": "ファイル",
    "location": "位置情報",
    "sticker": "スタンプ",
}


@dataclass(frozen=True, slots=True)
class Export:
    """A resident's data as files, and whose part is missing because it failed: name → reason."""

    files: Mapping[str, bytes]
    failed: Mapping[str, str]


async def export(office: Office, person: Person) -> Export:
    """Everything the core and the plugins hold about a resident; one failing part costs itself."""
    events = await inbox_orders.find_naming(office.store, person.line_id)
    own = [event for event in events if event.user_id == person.line_id]
    parts = {CORE: await office.store.read(_collect_own, office, person, own)}
    failed: dict[str, str] = {}
    for plugin in office.plugins.all.values():
        try:
            parts[plugin.name] = await _collect_from(office, plugin, person.resident)
        except PLUGIN_FAULTS as error:
            plugin.fail("export_personal_data", error)
            failed[plugin.name] = plugin.trouble or type(error).__name__
    labels = {name: plugin.info.label for name, plugin in office.plugins.all.items()}
    return Export(_files(office, person, parts, labels, failed), failed)


async def _collect_from(office: Office, plugin: Plugin, who: Resident) -> list[Record]:
    if plugin.trouble:
        raise RuntimeError(plugin.trouble)
    call = plugin.hooks.get("export_personal_data")
    if call is None:
        return []
    found = await office.store.read(lambda db: call({"db": db, "resident": who}))
    if not isinstance(found, Sequence) or not all(isinstance(one, Record) for one in found):
        raise TypeError("export_personal_data returns a list of Record")
    return list(found)


# The core's own part


def _collect_own(
    db: Session, office: Office, person: Person, events: Sequence[Event]
) -> list[Record]:
    who = person.resident.id
    row = db.execute(select(resident).where(resident.c.id == who)).one()
    about = {
        "番号": who,
        "LINEの利用者ID": row.line_id,
        "友だち": bool(row.follows),
        "ことば": row.language,
        "はじめて": _time(row.first_seen),
        "友だち追加": _time(row.followed_at),
        "ブロック": _time(row.unfollowed_at),
    }
    return [
        Record("登録", about),
        *(
            Record("登録された内容", {r.field: r.value, "日時": _time(r.at)})
            for r in _of(db, profile, who)
        ),
        *(_form(office, "送信された内容", r, r.at) for r in _of(db, submission, who)),
        *(
            _form(office, "入力の途中の内容", r, datetime.fromtimestamp(r.updated, JST))
            for r in _of(db, draft, who)
        ),
        *(_media(row) for row in _of(db, media, who)),
        *(Record("LINEで受け取ったもの", _received(event)) for event in events),
        *(Record("LINEで送ったもの", _sent(row)) for row in _of(db, outgoing, who)),
        *_audited(db, who),
    ]


def _of(db: Session, table: Any, who: int) -> Iterable[Any]:
    return db.execute(select(table).where(table.c.resident_id == who)).all()


def _told(row: Any) -> Record:
    return Record("登録された内容", {row.field: row.value, "日時": _time(row.at)})


def _form(office: Office, title: str, row: Any, at: datetime) -> Record:
    """The answers under the questions that were asked, if the form is still there."""
    found = office.plugins.find_form(row.form)
    form = found[1] if found else None

    def label(name: str) -> str:
        question = form.field(name) if form else None
        return name if question is None else _ja(question.question)

    answers = {label(name): value for name, value in row.answers.items()}
    name = _ja(form.title) if form else row.form
    return Record(f"{title}（{name}）", {"日時": _time(at), **answers})


def _ja(words: Words) -> str:
    return words if isinstance(words, str) else str(words["ja"])


def _media(row: Any) -> Record:
    name = f"{row.id}{ENDINGS.get(row.content_type, '')}"
    files = {name: row.bytes}
    if row.original is not None:
        files[f"{row.id}-original"] = row.original
    values = {"日時": _time(row.at), "種類": row.content_type, "もとの名前": row.name}
    return Record("写真・ファイル", {**values, "ファイル": ", ".join(files)}, files)


def _received(event: Event) -> dict[str, Any]:
    message = event.message or {}
    kind = str(message.get("type", event.type))
    shown = {"日時": _time(event.at), "種類": SEEN.get(kind, kind)}
    if event.text:
        shown["本文"] = event.text
    return {**shown, "LINEからのデータ": dict(event.raw)}


def _sent(row: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(row.created, JST)
    messages = json.loads(bytes(row.body))["messages"] if row.body else None
    return {"日時": _time(at), "状態": row.state, "内容": messages}


def _audited(db: Session, who: int) -> list[Record]:
    """What staff and plugins did to this resident's data: references only."""
    theirs = audit_log.c.object == f"resident:{who}"
    theirs |= (audit_log.c.actor_kind == "resident") & (audit_log.c.actor_id == str(who))
    rows = db.execute(select(audit_log).where(theirs).order_by(audit_log.c.id)).all()
    return [
        Record("操作の記録", {"日時": _time(r.at), "だれが": r.actor_label, "何を": r.action})
        for r in rows
    ]


def _time(at: datetime | None) -> str | None:
    return at.astimezone(JST).isoformat(timespec="seconds") if at else None


# The files


def _files(
    office: Office,
    person: Person,
    parts: Mapping[str, Sequence[Record]],
    labels: Mapping[str, str],
    failed: Mapping[str, str],
) -> dict[str, bytes]:
    made = _time(office.now())
    table = {
        "gateway": office.gateway.name,
        "resident": person.resident.id,
        "made": made,
        "data": {
            owner: [{"title": record.title, **_plain(record.values)} for record in records]
            for owner, records in parts.items()
        },
        "missing": dict(failed),
    }
    city = office.gateway.settings.city
    lines = [f"{city.label}のLINEでお預かりしている情報", f"作成: {made}", ""]
    for owner, records in parts.items():
        lines += [f"■ {labels.get(owner, '共通')}", ""]
        lines += [line for record in records for line in _text(record)]
    lines += [
        f"※ {labels.get(owner, owner)}の情報は、いま取り出せませんでした。" for owner in failed
    ]
    files = {
        "export.json": _json(table, indent=1).encode(),
        "export.txt": "\n".join(lines).encode(),
    }
    for owner, records in parts.items():
        for record in records:
            files |= {f"files/{owner}/{_name(n)}": bytes(data) for n, data in record.files.items()}
    return files


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(label): value for label, value in values.items()}


def _text(record: Record) -> Iterable[str]:
    yield record.title
    for label, value in record.values.items():
        if value is not None and label != "LINEからのデータ":
            yield f"  {label}: {value if isinstance(value, str) else _json(value)}"
    yield ""


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _name(name: str) -> str:
    """A file name that stays in its folder."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "file"
