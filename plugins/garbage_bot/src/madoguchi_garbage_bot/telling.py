"""Who wants to know what the list did not: asked for in the chat, told once there is an answer."""

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from madoguchi import JST, Erased, Record
from madoguchi_garbage_bot import questions
from madoguchi_garbage_bot.dictionary import Entry

TITLE = "わかったらお知らせする、ごみの質問"  # nosay: of the export, which is in Japanese


async def promise(ctx: Any) -> Any:
    """`garbage_bot:tell?id=…`: わかったら教えてもらう."""
    number = ctx.args.get("id", "")
    who = ctx.resident
    gone = ctx.say("答えが決まりました。もう一度、同じ言葉を送ってください。")
    if who is None or not re.fullmatch("[0-9]{1,15}", number):
        return gone
    words = ctx.say("わかったら、ここでお知らせします。")

    def save(db: Session) -> str:
        return words if questions.ask_to_be_told(db, who.id, int(number)) else gone

    return await ctx.write(save)


async def forget_keys(job: Any) -> None:
    """The job: no unsend comes any more for questions that are a day old."""
    await job.write(questions.forget_keys, job.now - questions.KEY_FOR)


def tell(page: Any, db: Session, numbers: Collection[int], entry: Entry) -> int:
    """Inside a unit: tell everybody who asked, each in their language; how many."""
    waiting = questions.take_tellers(db, numbers)
    for who, language, number in waiting:
        spoken = language or "ja"
        lines = [entry.say(part, spoken) for part in ("name", "category", "note")]
        first = page.languages.say("ごみの質問の答えが、わかりました。", language)
        words = "\n".join([first, "", *filter(None, lines)])
        page.send(db, [who], words, f"garbage question {number}")
    return len(waiting)


def export_rows(db: Session, resident_id: int) -> list[Record]:
    """The questions of which somebody wants to be told."""
    return [  # nosay
        Record(TITLE, {"日時": at.astimezone(JST).isoformat(), "質問": text})
        for at, text in questions.texts_of(db, resident_id)
    ]


def erase_rows(db: Session, resident_id: int) -> Erased:
    """Tell them nothing any more. The questions stay: nothing leads from them to anybody."""
    return Erased({TITLE: questions.forget_teller(db, resident_id)})
