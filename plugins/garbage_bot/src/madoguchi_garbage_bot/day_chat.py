"""Questions about collection days in the chat: 今日は何ごみ? 次のプラは?"""

from typing import Any

from madoguchi import Fit, Offer
from madoguchi_garbage_bot import area_chat, areas
from madoguchi_garbage_bot.day_replies import tell_question
from madoguchi_garbage_bot.days.city import City

LABEL = "ごみの日"
UNSURE = 0.75
"""The chance that 「明日」 alone asks for collection days."""


def offer(city: City, text: str) -> Offer | None:
    """A bid for a question about collection days. Memory only."""
    question = city.questions.read(text) if text and city.calendars else None
    if question is None:
        return None
    fit = Fit.PATTERN if question.is_sure else Fit.SEARCH
    return Offer(answer_question, fit, LABEL, UNSURE, question)


async def answer_question(ctx: Any) -> Any:
    """The answer for the resident's area; who has none yet is asked for it first."""
    city: City = ctx.plugin.state.days
    key = await ctx.read(areas.area_of, ctx.resident.id)
    if key not in city.calendars:
        return await ctx.write(area_chat.ask, ctx, ctx.event.text)
    return tell_question(ctx, ctx.offer.data, key)


async def answer_again(ctx: Any) -> Any:
    """A button below an answer: the next question, as a postback."""
    city: City = ctx.plugin.state.days
    question = city.questions.read(ctx.args.get("q", ""))
    key = await ctx.read(areas.area_of, ctx.resident.id)
    if question is None or key not in city.calendars:
        return await ctx.write(area_chat.ask, ctx, ctx.args.get("q", ""))
    return tell_question(ctx, question, key)


POSTBACKS = {
    "days": answer_again,
    "area": area_chat.take,
    "same": area_chat.take_same,
}
