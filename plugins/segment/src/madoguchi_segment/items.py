"""The things that residents choose from: topics, areas, ages. They change over the years.

An answer is the item's `id`, so a new label keeps the answers. An item that ends is `retired`; if
another one takes its place, `into` names that, and old answers count for it. Nothing is rewritten:
what staff undo is as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Words = Label | Annotated[dict[str, Label], Field(min_length=1)]
"""A text in Japanese, or `{ja, en, …}`."""
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""What is stored; it never changes."""


class Item(BaseModel):
    """One thing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id = Field(title="記号（変えません）")  # nosay
    label: Words = Field(title="なまえ")  # nosay
    """What residents read."""
    hint: Words | None = Field(title="ひとことの説明", default=None)  # nosay
    """One line of explanation."""
    retired: bool = Field(title="もう選べない", default=False)  # nosay
    """Not offered any more; who chose it keeps the answer."""
    into: Id | None = Field(title="代わりになるものの記号", default=None)  # nosay
    """The item that takes its place: answers count for that one."""

    @property
    def is_offered(self) -> bool:
        """Whether residents can choose it now."""
        return not self.retired and self.into is None


class Topic(Item):
    """A kind of messages."""


class Area(Item):
    """A part of the city."""

    school: Label | None = Field(title="学区", default=None)  # nosay
    """The school district that lies there: nobody has to be asked for it."""


T = TypeVar("T", bound=Item)


def check_items(items: Sequence[Item], what: str) -> None:
    """Raises `ValueError` if ids repeat, or `into` names nothing or goes in a circle."""
    by_id = {item.id: item for item in items}
    if len(by_id) < len(items):
        twice = sorted({i.id for i in items if sum(j.id == i.id for j in items) > 1})
        raise ValueError(f"{what}: the id {', '.join(twice)} is there twice; ids are never reused")
    for item in items:
        seen = {item.id}
        while item.into is not None:
            if item.into not in by_id:
                raise ValueError(f"{what}: {item.id} goes into {item.into!r}, which is not there")
            item = by_id[item.into]
            if item.id in seen:
                raise ValueError(f"{what}: {item.id} goes into itself")
            seen.add(item.id)


def find(items: Iterable[T], id: str) -> T | None:
    """What an answer stands for now: the item of this id, or the one that took its place."""
    by_id = _by_id(items)
    item = by_id.get(id)
    while item is not None and item.into is not None:
        item = by_id.get(item.into)
    return item


def passing(items: Iterable[Item], id: str) -> set[str]:
    """The ids whose answers come to this one, or through it: its own, and what went into it."""
    into = {item.id: item.into for item in items}
    found = {id}
    while more := {one for one, next in into.items() if next in found} - found:
        found |= more
    return found


def offered(items: Iterable[T]) -> list[T]:
    """What residents can choose now, in order."""
    return [item for item in items if item.is_offered]


def as_of_now(items: Sequence[Item], ids: Iterable[str]) -> list[str]:
    """Answers as they count now: what took the place of what, none twice, in the items' order."""
    found = {item.id for id in ids if (item := find(items, id)) is not None}
    return [item.id for item in items if item.id in found]


def name_of(label: Words) -> str:
    """The Japanese of it."""
    return label if isinstance(label, str) else label.get("ja") or next(iter(label.values()))


def keep_retired(items: Sequence[Item], before: Iterable[str], chosen: Iterable[str]) -> list[str]:
    """A new choice, and the old answers that could not be chosen again: they stay."""
    kept = [id for id in as_of_now(items, before) if not _by_id(items)[id].is_offered]
    return [item.id for item in items if item.id in {*kept, *chosen}]


def _by_id(items: Iterable[T]) -> Mapping[str, T]:
    return {item.id: item for item in items}
