"""Everything that is kept about a resident: by owner and kind, and for how long; told in words.

Titles and labels are in the language of `say`; a record's values are what is stored, and `shown`
says what people read where that is something else.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from madoguchi import inbox_orders
from madoguchi.city_file import RetentionTable
from madoguchi.clock import JST
from madoguchi.config import Gateway
from madoguchi.forms import Asking
from madoguchi.kept_sent import find_sent
from madoguchi.languages import NAMES, Languages, Words
from madoguchi.plugins import PLUGIN_FAULTS, Plugin
from madoguchi.privacy import NAMES_OF_TABLES, Office, Person
from madoguchi.reading import show_date
from madoguchi.tables import CORE, draft, media, profile, resident, submission
from madoguchi.tables import audit as audit_log
from madoguchi.types import City, Event, Record, Resident

ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
SEEN = {
    "text": "テキスト",
    "image": "写真",
    "video": "動画",
    "audio": "音声",
    "file": "ファイル",
    "location": "位置情報",
    "sticker": "スタンプ",
    "follow": "友だち追加",
    "unfollow": "ブロック",
    "postback": "ボタンを押した",
    "unsend": "送信を取り消した",
}
DEEDS = {
    "resident.export": "情報の写しを作った",
    "resident.look": "情報を見た",
    "resident.erase": "情報を消しはじめた",
}
DEVICE = "LINEからのデータ"
"""An event as LINE sent it: for machines, not shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one kind, newest first, and until when they are kept; "" if nobody said."""

    title: str
    records: Sequence[Record]
    until: str = ""

    @property
    def entries(self) -> list[list[tuple[str, str]]]:
        """What people read of each record: labels and texts."""
        return [list(lines(record)) for record in self.records]


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner keeps: `core`, or a plugin by its name. `remarks`: what it says of itself."""

    owner: str
    label: str
    groups: Sequence[Group]
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept about a resident, and whose part is missing because it failed: name → reason."""

    parts: Sequence[Part]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Voice:
    """The language that something is told in."""

    languages: Languages
    language: str = "ja"

    def __call__(self, words: Words, **values: Any) -> str:
        """The text in that language."""
        return self.languages.say(words, self.language, **values)

    def time(self, at: datetime | None) -> str:
        """A moment in Japan: `2026年4月1日（水） 9:05`."""
        if at is None:
            return ""
        here = at.astimezone(JST)
        return f"{show_date(here.date(), self.language)} {here:%-H:%M}"

    def yes(self, value: bool) -> str:
        """Yes or no."""
        return self("はい") if value else self("いいえ")


@cache
def in_japanese() -> Voice:
    """For files that staff hand out."""
    return Voice(Languages())


async def find_kept(office: Office, person: Person, say: Voice) -> Kept:
    """Everything the core and the plugins hold about a resident; one failing part costs itself."""
    events = await inbox_orders.find_naming(office.store, person.line_id)
    own = [event for event in events if event.user_id == person.line_id]
    found: dict[str, list[Group]] = defaultdict(list)
    for owner, group in await office.store.read(_collect_own, office, person, own, say):
        found[owner].append(group)
    failed: dict[str, str] = {}
    for plugin in office.plugins.all.values():
        try:
            found[plugin.name] += await _collect_from(office, plugin, person.resident, say)
        except PLUGIN_FAULTS as error:
            plugin.fail("export_personal_data", error)
            failed[plugin.name] = plugin.trouble or type(error).__name__
    parts = [Part(CORE, say("LINEの記録"), found[CORE])]
    for plugin in office.plugins.all.values():
        if plugin.name not in failed or found[plugin.name]:
            remarks = [
                say("{what}：{why}", what=say(what), why=say(why))
                for what, why in plugin.info.keeps.items()
            ]
            parts.append(Part(plugin.name, say(plugin.info.label), found[plugin.name], remarks))
    return Kept(parts, failed)


async def _collect_from(office: Office, plugin: Plugin, who: Resident, say: Voice) -> list[Group]:
    if plugin.trouble:
        raise RuntimeError(plugin.trouble)
    call = plugin.hooks.get("export_personal_data")
    if call is None:
        return []
    found = await office.store.read(lambda db: call({"db": db, "resident": who}))
    if not isinstance(found, Sequence) or not all(isinstance(one, Record) for one in found):
        raise TypeError("export_personal_data returns a list of Record")
    titles = dict.fromkeys(one.title for one in found)
    return [Group(say(t), [_say(one, say) for one in found if one.title == t]) for t in titles]


def _say(record: Record, say: Voice) -> Record:
    values = {say(label): value for label, value in record.values.items()}
    shown = {say(label): text for label, text in record.shown.items()}
    return replace(record, title=say(record.title), values=values, shown=shown)


# The core's own part


def _collect_own(
    db: Session, office: Office, person: Person, events: Sequence[Event], say: Voice
) -> list[tuple[str, Group]]:
    """By owner: forms and profile are their plugin's as long as it is on."""
    who, days = person.resident.id, office.gateway.settings.retention
    asking = Asking(
        gateway=_city_of(office.gateway),
        resident=person.resident,
        language=say.language,
        now=office.now(),
        say=say,
        db=db,
    )
    shape = Shape(office, say, asking, untils(days, say))
    row = db.execute(select(resident).where(resident.c.id == who)).one()
    rows = {table: _of(db, table, who) for table in (profile, submission, draft)}
    return [
        (CORE, Group(say("登録"), [_registered(row, say)], say("すべて消すまで"))),
        *shape.told(rows[profile]),
        *shape.forms("submission", rows[submission], lambda row: row.at),
        *shape.forms("draft", rows[draft], lambda r: datetime.fromtimestamp(r.updated, JST)),
        *shape.group("media", [_media(row, say) for row in _of(db, media, who)]),
        *shape.group("events", [_received(event, say) for event in reversed(events)]),
        *shape.group("outgoing", find_sent(db, who, say)),
        *shape.group("audit", _audited(db, who, say)),
    ]


def _city_of(gateway: Gateway) -> City:
    city = gateway.settings.city
    address = gateway.settings.public_url
    return City(gateway.name, city.label, city.phone, city.hours, city.site, address)


def untils(days: RetentionTable, say: Voice) -> dict[str, str]:
    """How long each kind is kept in this city."""
    every = say("すべて消すまで")
    return {
        "profile": say("答えを消すまで。ブロックしたときは、{days}日後まで", days=days.profile),
        "submission": say("{days}日後まで", days=days.submissions) if days.submissions else every,
        "draft": say("最後に書いてから1日後まで"),
        "media": say(
            "用紙といっしょに消します。とったままの写真は{days}日後まで", days=days.originals
        ),
        "events": say(
            "{days}日後まで。場所は{places}日後まで", days=days.events, places=days.places
        ),
        "outgoing": say(
            "文章は{days}日後まで。送った日時は{sent}日後まで", days=days.messages, sent=days.sent
        ),
        "audit": say("{days}日後まで。お名前などは入っていません", days=days.audit),
    }


@dataclass(frozen=True, slots=True)
class Shape:
    """Makes groups of the core's rows."""

    office: Office
    say: Voice
    asking: Asking
    untils: Mapping[str, str]

    def group(self, kind: str, records: Sequence[Record]) -> Iterable[tuple[str, Group]]:
        """One group of the core's own, if there is anything."""
        if records:
            yield CORE, Group(self.say(NAMES_OF_TABLES[kind]), records, self.untils[kind])

    def told(self, rows: Sequence[Any]) -> Iterable[tuple[str, Group]]:
        """The profile: by plugin, each answer under its question."""
        by_owner: dict[str, dict[str, Any]] = defaultdict(dict)
        for row in rows:
            by_owner[row.field.partition("/")[0]][row.field] = row
        for owner, told in by_owner.items():
            form = self._settings_of(owner)
            records = []
            for name, row in told.items():
                label, text = self._answer(form, name.partition("/")[2], row.value, name)
                shown = {label: text, self.say("日時"): self.say.time(row.at)}
                values = {label: row.value, self.say("日時"): _iso(row.at)}
                records.append(Record(self.say("登録された内容"), values, shown=shown))
            title = self.say("登録された内容")
            yield self._owner(owner), Group(title, records, self.untils["profile"])

    def forms(
        self, kind: str, rows: Sequence[Any], at: Callable[[Any], datetime]
    ) -> Iterable[tuple[str, Group]]:
        """The answers under the questions that were asked, if the form is still there."""
        by_form: dict[str, list[Record]] = defaultdict(list)
        untils: dict[str, str] = {}
        for row in rows:
            found = self.office.plugins.find_form(row.form)
            form = found[1] if found else None
            untils[row.form] = self.untils[kind]
            if kind == "submission" and form and form.purpose:
                untils[row.form] = self.say(form.purpose.how_long)
            name = self.say(form.title) if form else row.form
            title = self.say("{kind}（{name}）", kind=self.say(NAMES_OF_TABLES[kind]), name=name)
            values = {self.say("日時"): _iso(at(row))}
            shown = {self.say("日時"): self.say.time(at(row))}
            for question, value in row.answers.items():
                label, text = self._answer(form, question, value, question)
                values[label], shown[label] = value, text
            by_form[row.form].append(Record(title, values, shown=shown))
        for name, records in by_form.items():
            owner = self._owner(name.partition("/")[0])
            yield owner, Group(records[0].title, records, untils[name])

    def _owner(self, name: str) -> str:
        return name if name in self.office.plugins.all else CORE

    def _settings_of(self, owner: str) -> Any:
        plugin = self.office.plugins.all.get(owner)
        forms = plugin.collected.forms if plugin else ()
        return next((one for one in forms if one.layout == "list"), None)

    def _answer(self, form: Any, name: str, value: Any, known_as: str) -> tuple[str, str]:
        """An answer's label and what people read; as it is stored if nobody can say that."""
        field = form.field(name) if form else None
        if field is None:
            return known_as, as_text(value)
        label = self.say(getattr(field, "label", None) or field.question)
        try:
            return label, field.show(value, self.asking)
        except PLUGIN_FAULTS:  # an answer to an older form; the stored one is as true
            return label, as_text(value)


def _of(db: Session, table: Any, who: int) -> Sequence[Any]:
    """The rows of a resident, newest first."""
    rows = select(table).where(table.c.resident_id == who)
    key = next(iter(table.primary_key.columns))
    return db.execute(rows.order_by(key.desc())).all()


def _registered(row: Any, say: Voice) -> Record:
    times = {
        "はじめて": row.first_seen,
        "友だち追加": row.followed_at,
        "ブロック": row.unfollowed_at,
    }
    values = {
        say("番号"): row.id,
        say("LINEの利用者ID"): row.line_id,
        say("友だち"): bool(row.follows),
        say("ことば"): row.language,
        **{say(label): _iso(at) for label, at in times.items()},
    }
    shown = {
        say("友だち"): say.yes(row.follows),
        say("ことば"): NAMES.get(row.language, ""),
        **{say(label): say.time(at) for label, at in times.items()},
    }
    return Record(say("登録"), values, shown=shown)


def _media(row: Any, say: Voice) -> Record:
    name = f"{row.id}{ENDINGS.get(row.content_type, '')}"
    files = {name: row.bytes}
    if row.original is not None:
        files[f"{row.id}-original"] = row.original
    values = {
        say("日時"): _iso(row.at),
        say("種類"): row.content_type,
        say("もとの名前"): row.name,
        say("ファイル"): ", ".join(files),
    }
    kind = say("写真") if row.content_type.startswith("image/") else say("ファイル")
    shown = {say("日時"): say.time(row.at), say("種類"): kind}
    return Record(say(NAMES_OF_TABLES["media"]), values, files, shown)


def _received(event: Event, say: Voice) -> Record:
    message = event.message or {}
    kind = str(message.get("type", event.type))
    values: dict[str, Any] = {say("日時"): _iso(event.at), say("種類"): say(SEEN.get(kind, kind))}
    if event.text:
        values[say("本文")] = event.text
    if kind == "location":
        values[say("場所")] = message.get("address")
    values[say(DEVICE)] = dict(event.raw)
    shown = {say("日時"): say.time(event.at), say(DEVICE): ""}
    return Record(say(NAMES_OF_TABLES["events"]), values, shown=shown)


def _audited(db: Session, who: int, say: Voice) -> list[Record]:
    """What staff and plugins did to this resident's data: references only."""
    theirs = audit_log.c.object == f"resident:{who}"
    theirs |= (audit_log.c.actor_kind == "resident") & (audit_log.c.actor_id == str(who))
    rows = db.execute(select(audit_log).where(theirs).order_by(audit_log.c.id.desc())).all()
    return [
        Record(
            say(NAMES_OF_TABLES["audit"]),
            {say("日時"): _iso(r.at), say("だれが"): r.actor_label, say("何を"): r.action},
            shown={
                say("日時"): say.time(r.at),
                say("だれが"): say(r.actor_label),
                say("何を"): say(DEEDS.get(r.action, r.action)),
            },
        )
        for r in rows
    ]


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(JST).isoformat(timespec="seconds") if at else None


def lines(record: Record) -> Iterable[tuple[str, str]]:
    """What people read of a record: label and text; what is empty is left out."""
    for label, value in record.values.items():
        text = record.shown[label] if label in record.shown else as_text(value)
        if text:
            yield label, text


def as_text(value: Any) -> str:
    """A value that nobody said how to show."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
