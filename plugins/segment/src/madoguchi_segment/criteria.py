# nosay: what is said here, staff read
"""What our own settings give to audiences: their questions, and who changed something lately."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from madoguchi import Audience, FieldOption, Parameter, ProfileField
from madoguchi.tables import profile
from madoguchi_segment.items import Item, name_of, offered, passing
from madoguchi_segment.questions import LIVING, SEX
from madoguchi_segment.settings import Settings

LIVES = {"in": "市内", "out": "市外"}


def build_fields(settings: Settings) -> list[ProfileField]:
    """A field for each question that is asked; the school district follows from the area."""
    return list(_fields(settings))


def _fields(settings: Settings) -> Iterator[ProfileField]:
    phrase = "「{answer}」をえらんだ人"
    topics = _options(settings.topics)
    yield ProfileField("topics", "受け取りたいお知らせ", "choices", topics, phrase)
    rows = settings.rows
    if "living" in rows:
        lives = [FieldOption(value, LIVES[value]) for value in LIVING]
        yield ProfileField("living", "お住まいは市内か", "choice", lives, "{answer}に住む人")
    if "area" in rows and (areas := _options(settings.areas)):
        yield ProfileField("area", "お住まいの地域", "choice", areas, "{answer}に住む人")
        if schools := _schools(settings):
            yield ProfileField(
                "school", "学校区", "choice", schools, "{answer}の学校区に住む人", question="area"
            )
    if "age" in rows and (ages := _options(settings.ages)):
        yield ProfileField("age", "年齢", "choice", ages, "{answer}の人")
    if "sex" in rows:
        sexes = [FieldOption(value, label) for value, label in SEX.items()]
        yield ProfileField("sex", "性別", "choice", sexes, "性別が「{answer}」の人")
    if "children" in rows:
        yield ProfileField(
            "children",
            "お子さんの生年月日",
            "dates",
            phrase="お子さんが{answer}",
            part="birthdate",
        )


def build_audiences() -> list[Audience]:
    """Who set or changed something lately: such as those who came by the paper at the counter."""
    days = Parameter("days", "日数", "number", least=1, most=366)
    return [
        Audience(
            "changed",
            "このごろ設定を変えた人",
            _changed,
            [days],
            "この{days}日のあいだに設定を変えた人",
        )
    ]


def _changed(now: datetime, days: int) -> Any:
    since = profile.c.at >= now - timedelta(days=days)
    return select(profile.c.resident_id).where(profile.c.field.like("segment/%"), since)


def _options(items: Sequence[Item]) -> list[FieldOption]:
    """What can be chosen now, each with the answers that have come to count as it."""
    return [
        FieldOption(item.id, name_of(item.label), tuple(sorted(passing(items, item.id))))
        for item in offered(items)
    ]


def _schools(settings: Settings) -> list[FieldOption]:
    areas: dict[str, list[str]] = {}
    for area in offered(settings.areas):
        if area.school:
            areas.setdefault(area.school, []).extend(sorted(passing(settings.areas, area.id)))
    return [FieldOption(school, school, tuple(ids)) for school, ids in areas.items()]
