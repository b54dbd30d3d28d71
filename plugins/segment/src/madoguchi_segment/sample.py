# nosay: what is said here, staff read
"""The sample city: residents' answers, deliveries in several states, routes, an office phone.

The demo asks for it once (`fill_sample`). Everything goes through the same functions as staff's own
work, and stands in the audit log as theirs.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import JST
from madoguchi.forms.profile import write_profile
from madoguchi.residents import take_in
from madoguchi.sample import OFFICE_PHONE, user_id_of
from madoguchi.tables import resident
from madoguchi_console import Staff, all_sections, who_may
from madoguchi_segment.audiences import AllOf, Chosen, saved
from madoguchi_segment.console.visiting import Colleague
from madoguchi_segment.deliveries import approving, drafts, routes, templates, trying
from madoguchi_segment.deliveries.routes import Step
from madoguchi_segment.deliveries.states import Delivery, State
from madoguchi_segment.deliveries.tables import delivery, run

SLICE = 25
LANGUAGES = ("ja",) * 14 + ("en", "zh-Hans", "vi", "pt", "ja-easy", "ja")
TOPICS = ("city", "disaster", "children", "health", "garbage", "events", "elderly", "library")
AREAS = ("honcho", "ekimae", "kitanocho", "minami", "kawabata", "yamate")
Place = tuple[str, Colleague, Colleague]
"""A section, who writes there, who approves there."""


def fill_sample(db: Session, at: float, residents: int, part: int) -> bool:
    """Do one part of it: residents in slices, the deliveries last; whether there is another."""
    now = datetime.fromtimestamp(at, UTC)
    if part * SLICE >= residents:
        fill_deliveries(db, now)
        return False
    fill_residents(db, range(part * SLICE, min((part + 1) * SLICE, residents)), now)
    return True


def fill_residents(db: Session, numbers: range, now: datetime) -> None:
    """Give answers to some of the sample residents, the same in every demo."""
    ids = {user_id_of(n): n for n in numbers}
    take_in(db, list(ids), now)
    rows = db.execute(
        select(resident.c.id, resident.c.line_id).where(resident.c.line_id.in_(list(ids)))
    ).all()
    for number, line_id in rows:
        chance = random.Random(f"sample answers {ids[line_id]}")
        language = chance.choice(LANGUAGES)
        db.execute(update(resident).where(resident.c.id == number).values(language=language))
        if chance.random() < 0.15:
            continue  # a friend who has set nothing
        write_profile(db, number, "segment", _answers(chance, now.astimezone(JST).date()), now)


def _answers(chance: random.Random, today: date) -> dict[str, Any]:
    topics = ["city", *chance.sample(TOPICS[1:], chance.randint(1, 4))]
    answers: dict[str, Any] = {"topics": [one for one in TOPICS if one in topics]}
    if chance.random() < 0.9:
        answers["living"] = "in" if chance.random() < 0.9 else "out"
    if chance.random() < 0.8:
        answers["area"] = chance.choice(AREAS)
    if chance.random() < 0.7:
        answers["age"] = chance.choice(("u20", "20s", "20s", "40s", "40s", "65"))
    if "children" in topics:
        count = chance.choice((1, 1, 1, 2, 2, 3))
        born = [today - timedelta(days=chance.randint(20, 2_500)) for _ in range(count)]
        answers["children"] = [{"birthdate": one.isoformat()} for one in sorted(born)]
    return answers


def fill_deliveries(db: Session, now: datetime) -> bool:
    """Make the sample deliveries; False if there are some already, or nobody to make them."""
    if db.scalar(select(func.count()).select_from(delivery)):
        return False
    sections = {one.name: one for one in all_sections(db)}
    if not {"広報課", "子育て課"} <= set(sections):
        return False
    places: dict[str, Place] = {}
    for name in ("広報課", "子育て課"):
        number = sections[name].id
        staff = who_may(db, "segment.write", number, now.astimezone(JST).date())
        bosses = who_may(db, "segment.approve", number, now.astimezone(JST).date())
        chosen = _pick(staff, bosses)
        if chosen is None:
            return False
        writer, boss = chosen
        places[name] = (str(number), Colleague(writer), Colleague(boss))
    news, children = places["広報課"], places["子育て課"]
    _fill_office(db, news, children, now)
    _fill_past(db, news, children, now)
    _fill_present(db, news, children, now)
    return True


def _pick(staff: Sequence[Staff], bosses: Sequence[Staff]) -> tuple[Staff, Staff] | None:
    """Somebody who writes, and somebody else who approves; nobody from outside."""
    inside = [one for one in staff if not one.is_contractor]
    for writer in sorted(inside, key=lambda one: one in bosses):
        for boss in sorted(bosses, key=lambda one: one.id, reverse=True):
            if boss.id != writer.id:
                return writer, boss
    return None


def _fill_office(db: Session, news: Place, children: Place, now: datetime) -> None:
    section, writer, boss = children
    routes.set_route(db, boss, section, [Step("所属長", (boss.id,))])
    both = AllOf((Chosen("segment/topics", ("children",)), Chosen("segment/area", ("honcho",))))
    saved.save_audience(db, writer.staff.actor, section, "本町の子育て世帯", both, now)
    garbage = Chosen("segment/topics", ("garbage",))
    saved.save_audience(db, news[1].staff.actor, news[0], "ごみのお知らせ", garbage, now)
    texts = _text(
        "【休館のお知らせ】\n{施設}は、{日付}にお休みします。\n次の開館は{次の開館日}です。"
    )
    templates.save(db, news[1], news[0], "休館のお知らせ", texts, now)
    phone = {"line_id": OFFICE_PHONE, "follows": True, "first_seen": now, "followed_at": now}
    known = db.scalar(select(resident.c.id).where(resident.c.line_id == OFFICE_PHONE))
    if known is None:
        known = db.execute(insert(resident).values(**phone).returning(resident.c.id)).scalar_one()
    trying.add_phone(db, news[1], news[0], "広報課の公用スマホ", known, now)


def _text(japanese: str, **others: str) -> dict[str, list[dict[str, Any]]]:
    said = {"ja": japanese, **others}
    return {key: [{"type": "text", "text": text}] for key, text in said.items()}


def _fill_past(db: Session, news: Place, children: Place, now: datetime) -> None:
    """Three deliveries of last month. They were sent before the record of the demo begins."""
    month = (now.astimezone(JST).replace(day=1) - timedelta(days=1)).replace(day=1)
    past = [
        (news, 5, "市報の発行", "市報が新しくなりました。支所と図書館にも置いています。", "city"),
        (news, 12, "粗大ごみの受付", "粗大ごみの受付を始めました。電話で申し込めます。", "garbage"),
        (children, 20, "親子のひろば", "親子のひろばを、児童館で開きます。", "children"),
    ]
    for (section, writer, boss), day, title, text, topic in past:
        at = datetime.combine(month.replace(day=day).date(), time(10), JST)
        condition = {"field": "segment/topics", "in": [topic]}
        why = {"city": "市からのお知らせ", "garbage": "ごみ・リサイクル", "children": "子育て"}
        made = drafts.create(
            db,
            writer,
            section,
            at - timedelta(days=2),
            title=title,
            content=_text(text),
            condition=condition,
            why=f"「{why[topic]}」をえらんだ人",
            topic=topic,
            timing={"every": "once", "day": at.date().isoformat(), "at": "10:00"},
        )
        _ask(db, made, writer, at - timedelta(days=2))
        _approve(db, made, boss, 180, at - timedelta(days=1))
        values = {"state": str(State.SENT), "planned": at, "changed": at, "count_then": 180}
        db.execute(update(delivery).where(delivery.c.id == made.id).values(**values))
        ended = {"started": at, "ended": at + timedelta(seconds=4), "found": 180, "blocks": 0}
        key = at.strftime("%Y-%m-%dT%H:%M")
        row = {"delivery_id": made.id, "occasion": key, "version": 1, "planned": at, "keys": {}}
        db.execute(insert(run).values(**row, state="done", expected=180, **ended))


def _ask(db: Session, one: Delivery, who: Colleague, at: datetime, comment: str = "") -> None:
    approving.note_preview(db, who, one.id, one.version, at)
    approving.request(db, who, one.id, one.version, at, comment=comment)


def _approve(db: Session, one: Delivery, who: Colleague, count: int, at: datetime) -> None:
    approving.note_preview(db, who, one.id, one.version, at)
    approving.approve(db, who, one.id, one.version, count, at)


def _fill_present(db: Session, news: Place, children: Place, now: datetime) -> None:
    today = now.astimezone(JST).date()
    section, writer, boss = children
    parents = {"field": "segment/topics", "in": ["children"]}
    soon = (today + timedelta(days=3)).isoformat()
    waiting = drafts.create(
        db,
        writer,
        section,
        now,
        title="乳幼児健診の日程",
        content=_card(
            "乳幼児健診の日程が決まりました",
            "持ち物は、母子手帳と健康保険証です。",
            "日程を見る",
            en=("Dates of infant check-ups", "Bring the mother and child handbook.", "See dates"),
        ),
        condition=parents,
        why="「子育て」をえらんだ人",
        topic="children",
        timing={"every": "once", "day": soon, "at": "10:00"},
    )
    _ask(db, waiting, writer, now - timedelta(hours=2), "日程は健康課に確認済みです。")
    rule = drafts.create(
        db,
        writer,
        section,
        now,
        kind="rule",
        title="1歳6か月健診のお知らせ",
        content=_text(
            "1歳6か月健診の時期です。ご案内を郵便で送りました。届かないときは、ご連絡ください。"
        ),
        topic="children",
        condition=parents,
        why="「子育て」をえらんだ人",
        timing={
            "every": "day",
            "at": "10:00",
            "remind": {
                "field": "segment/children",
                "part": "birthdate",
                "months": 18,
                "days": -14,
            },
        },
        ceiling=50,
        until=approving.fiscal_year_end(today).isoformat(),
    )
    _ask(db, rule, writer, now - timedelta(days=1))
    _approve(db, rule, boss, 3, now - timedelta(hours=20))
    approving.schedule(db, writer, rule.id, rule.version, now)
    section, writer, boss = news
    sent_back = _draft(db, news, now, "図書館の臨時休館", "図書館は、設備の点検で休みます。")
    _ask(db, sent_back, writer, now - timedelta(hours=5))
    again = "いつ休むのかが、書かれていません。日付と曜日を入れてください。"
    approving.note_preview(db, boss, sent_back.id, sent_back.version, now)
    approving.send_back(db, boss, sent_back.id, sent_back.version, again, now - timedelta(hours=3))
    wrong = (today + timedelta(days=9)).strftime("%-m月%-d日")
    day = "月火水木金土日"[((today + timedelta(days=9)).weekday() + 1) % 7]
    text = f"【市民まつり】\n{wrong}（{day}）に、{{会場}}で開きます。"
    _draft(db, news, now, "市民まつり", text, topic="events")
    planned = _draft(
        db,
        news,
        now,
        "ごみの収集日の変更",
        "年度末のごみ収集日を変えます。くわしくは、ごみカレンダーを見てください。",
        topic="garbage",
        timing={"every": "once", "day": soon, "at": "09:00"},
    )
    _ask(db, planned, writer, now - timedelta(hours=8))
    _approve(db, planned, boss, 150, now - timedelta(hours=6))
    approving.schedule(db, writer, planned.id, planned.version, now - timedelta(hours=6))


def _draft(
    db: Session,
    place: Place,
    now: datetime,
    title: str,
    text: str,
    *,
    topic: str = "city",
    timing: Mapping[str, Any] | None = None,
) -> Delivery:
    labels = {"city": "市からのお知らせ", "garbage": "ごみ・リサイクル", "events": "イベント・講座"}
    return drafts.create(
        db,
        place[1],
        place[0],
        now,
        title=title,
        content=_text(text),
        condition={"field": "segment/topics", "in": [topic]},
        why=f"「{labels[topic]}」をえらんだ人",
        topic=topic,
        timing=timing or {"every": "once"},
    )


def _card(title: str, body: str, label: str, **others: tuple[str, str, str]) -> dict[str, Any]:
    def made(title: str, body: str, label: str) -> list[dict[str, Any]]:
        uri = "https://city.mihon.example.jp/kenshin"
        action = {"type": "uri", "label": label, "uri": uri}
        texts = [
            {"type": "text", "text": title, "weight": "bold", "size": "lg", "wrap": True},
            {"type": "text", "text": body, "wrap": True, "margin": "md"},
        ]
        bubble = {
            "type": "bubble",
            "body": {"type": "box", "layout": "vertical", "contents": texts},
            "footer": {
                "type": "box",
                "layout": "vertical",
                "spacing": "sm",
                "contents": [{"type": "button", "style": "primary", "action": action}],
            },
        }
        return [{"type": "flex", "altText": title, "contents": bubble}]

    return {"ja": made(title, body, label), **{key: made(*said) for key, said in others.items()}}
