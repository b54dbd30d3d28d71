"""What becomes of residents' answers when staff change what they choose from: in words, counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from madoguchi import Consequence
from madoguchi.forms.profile import count_answered, count_by_answer, count_choosing
from madoguchi_segment.answers import OWNER
from madoguchi_segment.items import Area, Item, find, name_of, passing
from madoguchi_segment.settings import Settings

CHOICES = {"areas": "area", "ages": "age"}
"""Of which one is chosen: the list in the settings, and the row that asks."""
ROWS = {  # nosay
    "living": "市内・市外",
    "area": "お住まいの地域",
    "age": "年齢",
    "sex": "性別",
    "children": "お子さんの生年月日",
}


def review(db: Session, before: Settings, after: Settings) -> list[Consequence]:
    """A sentence for every change that somebody's answer has to do with."""
    groups = affected(before.topics, after.topics)
    counts = count_choosing(db, OWNER, "topics", groups)
    said = list(_review_items("topics", before.topics, after.topics, counts))
    for table, row in CHOICES.items():
        old, new = getattr(before, table), getattr(after, table)
        if groups := affected(old, new):
            given = count_by_answer(db, OWNER, row)
            counts = {id: sum(given.get(one, 0) for one in ids) for id, ids in groups.items()}
            said += _review_items(table, old, new, counts)
    return said + list(_review_rows(db, before.rows, after.rows))


def affected(before: Sequence[Item], after: Sequence[Item]) -> dict[str, set[str]]:
    """By the id of each item that changes, the stored answers that its change is about."""
    old, new = ({item.id: item for item in items} for items in (before, after))
    changed = [id for id in {**old, **new} if old.get(id) != new.get(id)]
    return {id: passing(after, id) for id in changed}


def _review_items(
    table: str, before: Sequence[Item], after: Sequence[Item], counts: Mapping[str, int]
) -> Iterator[Consequence]:
    old, new = ({item.id: item for item in items} for items in (before, after))
    for id, count in counts.items():
        at = f'{table} "{id}"'
        if id not in new:
            yield _take_away(old[id], count, at)
        elif id not in old:
            if count:
                name = name_of(new[id].label)
                says = f"「{name}」を前にえらんだ{count:,}人の答えが、また使われます。"  # nosay
                yield Consequence(says, at)
        elif says := "".join(dict.fromkeys(_change(table, old[id], new[id], after, count))):
            yield Consequence(says, at)


def _take_away(item: Item, count: int, at: str) -> Consequence:
    name = name_of(item.label)
    if not count:
        return Consequence(f"「{name}」をえらんだ人はいません。", at)  # nosay
    says = (  # nosay
        f"「{name}」は{count:,}人がえらんでいるので、消せません。"
        'かわりに retired = true か into = "…" と書いてください。'
    )
    return Consequence(says, at, refused=True)


def _change(table: str, old: Item, new: Item, after: Sequence[Item], count: int) -> Iterator[str]:
    """What one item's change means, a sentence for each thing that changes."""
    name = name_of(new.label)
    who = f"「{name}」をえらんだ{count:,}人"  # nosay
    if name_of(old.label) != name:
        yield f"「{name_of(old.label)}」は「{name}」に変わります。"  # nosay
    if old.label != new.label:
        yield f"{who}の答えは残ります。"  # nosay
    if new.into is not None and new.into != old.into:
        target: Any = find(after, new.id)
        yield f"{who}の答えは、これから「{name_of(target.label)}」として数えます。"  # nosay
        if not target.is_offered:
            yield f"「{name_of(target.label)}」は、もうえらべません。"  # nosay
    if new.into is None and old.into is not None:
        yield f"{who}の答えは、また「{name}」として数えます。"  # nosay
    if new.into is None and new.retired and (old.into is not None or not old.retired):
        yield f"「{name}」は、もうえらべません。"  # nosay
        if table == "topics":
            yield f"{who}の答えは残ります。"  # nosay
        else:
            yield f"{who}は、答えていない人として数えます。"  # nosay
    if new.is_offered and old.into is None and old.retired:
        yield f"「{name}」をまたえらべます。前にえらんだ{count:,}人の答えも数えます。"  # nosay
    if isinstance(old, Area) and isinstance(new, Area) and old.school != new.school:
        one, other = (area.school or "なし" for area in (old, new))  # nosay
        yield f"{who}の学校区が変わります（{one} → {other}）。"  # nosay


def _review_rows(db: Session, before: Sequence[str], after: Sequence[str]) -> Iterator[Consequence]:
    changed = set(before) ^ set(after)
    counts = count_answered(db, OWNER, [row for row in ROWS if row in changed]) if changed else {}
    for row, count in counts.items():
        if row in before:
            says = f"「{ROWS[row]}」は、もう聞きません。"  # nosay
            kept = f"答えた{count:,}人の答えは、消されるまで残ります。"  # nosay
            yield Consequence(says + (kept if count else "答えた人はいません。"), "rows")  # nosay
        elif count:
            says = f"「{ROWS[row]}」をまた聞きます。"  # nosay
            says += f"前に答えた{count:,}人の答えを使います。"  # nosay
            yield Consequence(says, "rows")
