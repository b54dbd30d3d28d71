"""Answers about collection days as sentences, in a resident's language."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby

from madoguchi.languages import Words
from madoguchi_garbage_bot.day_names import name_day
from madoguchi_garbage_bot.days.answers import Answer
from madoguchi_garbage_bot.days.calendars import AreaCalendar, Collection
from madoguchi_garbage_bot.days.city import City
from madoguchi_garbage_bot.days.rules import known_until

Say = Callable[..., str]
PREPARED = 2
"""So many categories of one day are told with how to prepare them; more would be too long."""


def label_of(city: City, name: str) -> Words:
    """What a category is called."""
    category = city.categories.get(name)
    return category.label if category else name


def join_labels(names: Iterable[str], city: City, say: Say) -> str:
    """Several categories in a row."""
    return say("、").join(say(label_of(city, name)) for name in names)


def tell(found: Answer, city: City, calendar: AreaCalendar, today: date, say: Say) -> str:
    """The whole answer: what is collected, what is not as usual, what nobody knows, remarks."""
    if found.question.span is None:
        lines = _tell_next(found, city, calendar, today, say)
    elif found.first == found.last:
        lines = _tell_day(found, city, today, say)
    else:
        lines = _tell_span(found, city, say)
    lines += _tell_missed(found, city, say)
    lines += _tell_unknown(found, city, calendar, say)
    lines += _tell_remarks(found, calendar, say)
    return "\n".join(lines)


def name_near(day: date, today: date, say: Say) -> str:
    """A day, with 今日 or 明日 before it."""
    named = name_day(day)
    if day == today:
        return say("今日、{day}", day=named)
    if (day - today).days == 1:
        return say("明日、{day}", day=named)
    return say(named)


def tell_change(one: Collection, say: Say) -> str:
    """Why a collection is on another day than usual; "" if it is not."""
    if not one.is_changed or one.day is None:
        return ""
    why = say("（{why}）", why=say(one.why)) if one.why else ""
    if one.planned is None:
        return say("いつもはない日です{why}", why=why)
    return say("{planned}から変わりました{why}", planned=say(name_day(one.planned)), why=why)


def _tell_day(found: Answer, city: City, today: date, say: Say) -> list[str]:
    day = name_near(found.first, today, say)
    if not found.collections:
        if found.unknown:
            return []  # what follows says that nobody knows
        if found.question.categories:
            names = join_labels(found.question.categories, city, say)
            return [say("{day}は、{names}の日ではありません。", day=day, names=names)]
        return [say("{day}は、ごみを集めません。", day=day)]
    names = join_labels([one.category for one in found.collections], city, say)
    lines = [say("{day}は「{names}」の日です。", day=day, names=names)]
    for one in found.collections:
        if change := tell_change(one, say):
            lines.append(
                say("「{name}」は、{change}。", name=label_of(city, one.category), change=change)
            )
    if len(found.collections) <= PREPARED:
        lines += _tell_prepare([one.category for one in found.collections], city, say)
    return lines


def _tell_prepare(names: Iterable[str], city: City, say: Say) -> Iterator[str]:
    for name in names:
        category = city.categories.get(name)
        if category and category.prepare:
            yield f"\n{say(category.prepare)}"


def _tell_span(found: Answer, city: City, say: Say) -> list[str]:
    lines = []
    for day, those in groupby(found.collections, key=lambda one: one.day):
        ones = list(those)
        notes = [note for one in ones if (note := tell_change(one, say))]
        line = f"{say(name_day(day))} {join_labels([one.category for one in ones], city, say)}"
        lines.append(line + "".join(f"\n※{note}" for note in notes))  # nosay
    if not lines and not found.unknown:
        lines = [
            say(
                "{first}から{last}までは、ありません。",
                first=name_day(found.first),
                last=name_day(found.last),
            )
        ]
    return lines


def _tell_next(
    found: Answer, city: City, calendar: AreaCalendar, today: date, say: Say
) -> list[str]:
    lines = []
    for one in found.collections:
        if one.day is None:
            continue
        day, name = name_near(one.day, today, say), label_of(city, one.category)
        line = say("次の「{name}」は、{day}です。", name=name, day=day)
        change = tell_change(one, say)
        lines.append(line + (f"\n※{change}" if change else ""))  # nosay
    told = {one.category for one in found.collections} | set(found.unknown)
    for schedule in calendar.schedules:
        asked = schedule.category in found.question.categories
        if asked and schedule.category not in told and not schedule.remarks:
            name = label_of(city, schedule.category)
            lines.append(say("「{name}」は、この地区では集めていません。", name=name))
    return lines


def tell_missed(one: Collection, city: City, say: Say) -> str:
    """What becomes of a collection that is not on its planned day."""
    if one.planned is None:
        return ""
    name, planned = say(label_of(city, one.category)), say(name_day(one.planned))
    why = say("（{why}）", why=say(one.why)) if one.why else ""
    if one.day is None:
        return say(
            "{planned}の「{name}」は、お休みです{why}。", planned=planned, name=name, why=why
        )
    text = "{planned}の「{name}」は、{day}に変わります{why}。"
    return say(text, planned=planned, name=name, day=say(name_day(one.day)), why=why)


def _tell_missed(found: Answer, city: City, say: Say) -> list[str]:
    """What the rule has and is not collected then; a shift that was told already is left out."""
    told = {(one.category, one.day, one.planned) for one in found.collections}
    return [
        tell_missed(one, city, say)
        for one in found.missed
        if one.planned and (one.category, one.day, one.planned) not in told
    ]


def _tell_unknown(found: Answer, city: City, calendar: AreaCalendar, say: Say) -> list[str]:
    if not found.unknown:
        return []
    names = join_labels(found.unknown, city, say)
    schedules = [one for one in calendar.schedules if one.category in found.unknown]
    if any(one.is_unread for one in schedules):
        return [say("「{names}」の日は、わかりません。市に聞いてください。", names=names)]
    ends = [end for one in schedules if (end := known_until(one.rule))]
    if not ends:
        return [say("「{names}」の日は、まだ決まっていません。", names=names)]
    text = "「{names}」は、{day}よりあとの日が、まだ決まっていません。"
    return [say(text, names=names, day=name_day(min(ends)))]


def _tell_remarks(found: Answer, calendar: AreaCalendar, say: Say) -> list[str]:
    """What the city remarks on the categories that were asked for, or that are collected."""
    shown = set(found.question.categories)
    if found.first == found.last:
        shown |= {one.category for one in found.collections}
    remarks = [text for one in calendar.schedules if one.category in shown for text in one.remarks]
    return [f"※{say(text)}" for text in dict.fromkeys(remarks)]  # nosay
