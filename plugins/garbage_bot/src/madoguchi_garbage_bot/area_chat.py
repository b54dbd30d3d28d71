"""Choosing an area in the chat: a town's name as it is typed, a postcode, or a sent place.

Whoever is asked for their area has ten minutes in which a town's name means that they live there;
afterwards it is a word like any other. What they had asked is answered once it is known.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from madoguchi import PASS, Fit, Offer
from madoguchi_garbage_bot import areas
from madoguchi_garbage_bot.day_replies import go_on, tap, tell_question
from madoguchi_garbage_bot.days.areas import Candidate, Found
from madoguchi_garbage_bot.days.city import City

LABEL = "ごみの地区"
LONGEST = 40
"""Characters; whatever is longer is no town and no address."""
LABEL_MOST = 20
"""Characters on a button; of longer names only what tells them apart is shown."""
SHOWN = 9
"""Candidates that have a button: LINE shows 13, and others need some."""
CHANGES = {  # nosay
    "地区",
    "地区を変える",
    "地区をかえる",
    "地区変更",
    "ごみの地区",
    "ゴミの地区",
    "change area",
    "garbage area",
}
"""What opens the question by itself."""
_TOWN = re.compile(r"[町丁目区村台丘里]$|\d丁目")  # nosay
_POSTCODE = re.compile(r"〒?\d{3}[-‐ー−]?\d{4}")  # nosay


def offer(city: City, message: Mapping[str, Any], text: str, instead: Offer | None) -> Offer | None:
    """A bid for what may name an area; `instead` is the plugin's other bid for the same.

    It only looks whether it might: towns are searched once we know that we asked.
    """
    if text.lower() in CHANGES:
        return Offer(open_question, Fit.EXACT, LABEL)
    if not _may_be_place(city, message, text):
        return instead
    if instead is not None:
        return Offer(hear, instead.fit, instead.label, instead.score, instead)
    return Offer(hear, Fit.PATTERN, LABEL)


async def hear(ctx: Any) -> Any:
    """Take a town if we have just asked; else it is for others."""
    instead: Offer | None = ctx.offer.data
    question = await ctx.read(areas.asked_of, ctx.resident.id, ctx.now)
    if question is None:
        if instead is None:
            return PASS
        ctx.offer = instead
        return await instead.handler(ctx)
    found = _find(ctx.plugin.state.days, ctx.event.message or {}, ctx.event.text)
    if found.total == 1 and ctx.event.text:
        return await ctx.write(_take, ctx, found.candidates[0].area.key)
    return await ctx.write(_ask_which, ctx, found, question)


async def open_question(ctx: Any) -> Any:
    """「地区を変える」, typed or tapped."""
    return await ctx.write(ask, ctx, "")


async def take(ctx: Any) -> Any:
    """A button with an area, or without one: then it asks."""
    area = areas.find_area(ctx.plugin.state.days, ctx.args.get("a", ""))
    if area is None:
        return await open_question(ctx)
    return await ctx.write(_take, ctx, area.key)


async def take_same(ctx: Any) -> Any:
    """「お知らせの設定と同じ」."""
    return await ctx.write(_take_same, ctx)


def ask(db: Session, ctx: Any, question: str) -> dict[str, Any]:
    """Ask where somebody lives, and remember what they wanted to know."""
    city: City = ctx.plugin.state.days
    areas.note_asked(db, ctx.resident.id, question, ctx.now)
    lines = [
        ctx.say("お住まいの地区を教えてください。地区で、ごみの日がちがいます。"),
        ctx.say("町の名前か、郵便番号を送ってください。今いる場所も送れます。"),
    ]
    items = []
    if areas.find_proposal(db, ctx.resident.id, city, ctx.plugin.criteria):
        items.append(tap(ctx.say("お知らせの設定と同じ"), "same"))
    if len(city.calendars) <= SHOWN:
        every = [calendar.area for calendar in city.calendars.values()]
        items += [_button(Candidate(one, one.name)) for one in every]
    return _message(ctx, "\n".join(lines), items)


def _may_be_place(city: City, message: Mapping[str, Any], text: str) -> bool:
    if message.get("type") == "location":
        return True
    is_short = 0 < len(text) <= LONGEST
    looks_so = is_short and (_POSTCODE.fullmatch(text) or _TOWN.search(text))
    return bool(looks_so or (is_short and city.finder.may_name(text)))


def _find(city: City, message: Mapping[str, Any], typed: str) -> Found:
    """The areas that a message may mean."""
    if message.get("type") == "location":
        latitude, longitude = message.get("latitude"), message.get("longitude")
        if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
            return Found()
        return city.finder.by_place(latitude, longitude, city.points)
    by_postcode = city.finder.by_postcode(typed, city.postcodes, SHOWN)
    return by_postcode if by_postcode.total else city.finder.by_name(typed, SHOWN)


def _ask_which(db: Session, ctx: Any, found: Found, question: str) -> dict[str, Any]:
    """The candidates as buttons, or a word on what else can be done."""
    areas.note_asked(db, ctx.resident.id, question, ctx.now)
    if not found.total:
        text = ctx.say(
            "その場所の地区が見つかりませんでした。町の名前を、はじめの1文字だけでも送ってみてください。"
        )
        return _message(ctx, text, [])
    text = ctx.say("どの地区ですか。")
    if found.total > len(found.candidates):
        text = ctx.say(
            "{count}の地区が見つかりました。つづきの文字も送ってください。", count=found.total
        )
    return _message(ctx, text, [_button(one) for one in found.candidates])


def _take(db: Session, ctx: Any, key: str) -> dict[str, Any]:
    """Keep the area, then answer what was asked."""
    city: City = ctx.plugin.state.days
    who, area = ctx.resident.id, city.calendars[key].area
    asked = areas.asked_of(db, who, ctx.now)
    areas.choose(db, who, key, ctx.now)
    areas.end_asking(db, who)
    chosen = ctx.say("地区を「{area}」にしました。", area=ctx.say(area.name))
    question = city.questions.read(asked) if asked else None
    if question is None:
        return {"type": "text", "text": chosen, **go_on(ctx)}
    return tell_question(ctx, question, key, f"{chosen}\n")


def _take_same(db: Session, ctx: Any) -> dict[str, Any]:
    proposed = areas.find_proposal(db, ctx.resident.id, ctx.plugin.state.days, ctx.plugin.criteria)
    if proposed is None:
        return ask(db, ctx, areas.asked_of(db, ctx.resident.id, ctx.now) or "")
    return _take(db, ctx, proposed.key)


def _button(one: Candidate) -> dict[str, Any]:
    label = one.area.name if len(one.area.name) <= LABEL_MOST else one.differs
    return tap(label, f"area?a={quote(areas.address_of(one.area.key))}")


def _message(ctx: Any, text: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A question with its buttons: areas, the place, and the page with all of them."""
    place = {"type": "location", "label": ctx.say("今いる場所を送る")[:20]}
    items = [*items, {"type": "action", "action": place}]
    if url := ctx.liff_url("garbage_bot/area"):
        page = {"type": "uri", "label": ctx.say("一覧からえらぶ")[:20], "uri": url}
        items.append({"type": "action", "action": page})
    return {"type": "text", "text": text, "quickReply": {"items": items}}
