"""減らす / 止める / なぜ届いた?: what each delivered message offers, answered in the chat."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from madoguchi.forms.profile import read_profile, write_profile
from madoguchi_segment.answers import OWNER
from madoguchi_segment.deliveries import states
from madoguchi_segment.items import find, passing
from madoguchi_segment.settings import Settings


async def show_settings_again(ctx: Any) -> Any:
    """減らす: the way to the settings."""
    url = ctx.liff_url("form/segment/settings")
    words = ctx.say("受け取るお知らせは、えらび直せます。")
    return f"{words}\n{url}" if url else words


async def explain(ctx: Any) -> Any:
    """なぜ届いた?: the condition of the delivery, in a sentence."""
    one = await _delivery_of(ctx)
    if one is None or not one.why:
        return ctx.say("市からのお知らせです。くわしくは、お電話でおたずねください。")
    return ctx.say("「{why}」の方に送ったお知らせです。", why=one.why)


async def stop_topic(ctx: Any) -> Any:
    """止める: the topic of the delivery is taken from what the resident chose."""
    one = await _delivery_of(ctx)
    settings: Settings = ctx.plugin.settings
    topic = find(settings.topics, one.topic) if one is not None and one.topic else None
    if topic is None:
        return await show_settings_again(ctx)
    words = ctx.say("「{topic}」のお知らせを止めました。", topic=ctx.say(topic.label))

    def save(db: Session) -> str:
        drop_topic(db, ctx.resident.id, settings, topic.id, ctx.now)
        return words

    return await ctx.write(save)


def drop_topic(
    db: Session, resident_id: int, settings: Settings, topic: str, now: datetime
) -> None:
    """Take a topic, and what went into it, from a resident's choice."""
    chosen = read_profile(db, resident_id, OWNER).get("topics") or []
    gone = passing(settings.topics, topic)
    write_profile(
        db, resident_id, OWNER, {"topics": [one for one in chosen if one not in gone]}, now
    )


async def _delivery_of(ctx: Any) -> states.Delivery | None:
    number = ctx.args.get("delivery", "")
    if not number.isdecimal() or len(number) > 15:
        return None
    return await ctx.read(states.find, int(number))
