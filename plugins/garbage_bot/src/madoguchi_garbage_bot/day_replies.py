"""What the chat says about collection days, and the buttons below it."""

from typing import Any
from urllib.parse import urlencode

from madoguchi import JST
from madoguchi.languages import Words
from madoguchi_garbage_bot.day_telling import tell
from madoguchi_garbage_bot.days.answers import answer
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.days.questions import Question

TODAY, TOMORROW, WEEK = "今日のごみ", "明日のごみ", "今週のごみ"  # nosay
"""What the buttons ask."""


def tell_question(ctx: Any, question: Question, key: str, before: str = "") -> dict[str, Any]:
    """The answer to a question for an area, with ways to go on; `before` stands above it."""
    city: City = ctx.plugin.state.days
    calendar, today = city.calendars[key], ctx.now.astimezone(JST).date()
    found = answer(question, calendar, city.exceptions, today)
    if found is None:
        text = ctx.say("その日は、カレンダーにありません。")
    else:
        text = tell(found, city, calendar, today, ctx.say)
    area = ctx.say("（地区：{area}）", area=ctx.say(calendar.area.name))
    lines = [*([before] if before else []), text, *([] if before else [area])]
    return {"type": "text", "text": "\n".join(lines), **go_on(ctx)}


def go_on(ctx: Any) -> dict[str, Any]:
    """The buttons below an answer."""
    items = [
        _ask(ctx, "今日は？", TODAY),
        _ask(ctx, "明日は？", TOMORROW),
        _ask(ctx, "今週は？", WEEK),
        _open(ctx, "カレンダーを見る", "garbage_bot/month"),
        _open(ctx, "通知をうけとる", "garbage_bot/reminders"),
        tap(ctx.say("地区を変える"), "area"),
    ]
    return {"quickReply": {"items": [one for one in items if one]}}


def _ask(ctx: Any, label: Words, question: str) -> dict[str, Any]:
    return tap(ctx.say(label), f"days?{urlencode({'q': question})}")


def _open(ctx: Any, label: Words, path: str) -> dict[str, Any] | None:
    url = ctx.liff_url(path)
    action = {"type": "uri", "label": ctx.say(label)[:20], "uri": url}
    return {"type": "action", "action": action} if url else None


def tap(label: str, data: str) -> dict[str, Any]:
    """A quick reply of ours."""
    shown = label if len(label) <= 20 else f"{label[:19]}…"
    action = {
        "type": "postback",
        "label": shown,
        "data": f"garbage_bot:{data}",
        "displayText": label[:200],
    }
    return {"type": "action", "action": action}
