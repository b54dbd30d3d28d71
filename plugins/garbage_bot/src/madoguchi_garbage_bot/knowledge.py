"""What the plugin knows: the list with its search, and the collection days. Kept in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from madoguchi_garbage_bot import additions, lists
from madoguchi_garbage_bot.additions import Addition
from madoguchi_garbage_bot.catalogue import Catalogue
from madoguchi_garbage_bot.config import GarbageConfig
from madoguchi_garbage_bot.days.city import City, read_city
from madoguchi_garbage_bot.dictionary import Dictionary, load_dictionary
from madoguchi_garbage_bot.reading import read_table
from madoguchi_garbage_bot.search import Search
from madoguchi_garbage_bot.talks import Talks


class NotUsable(Exception):
    """A city's file has errors; its text names the first ones."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database holds of the list: the uploaded one that is live, and what staff added."""

    number: int = 0
    """Of the live list; 0 is the city's file."""
    name: str = ""
    data: bytes = b""
    columns: tuple[tuple[str, str], ...] = ()
    more: tuple[Addition, ...] = ()

    @property
    def made_of(self) -> object:
        """What an index is made of: while it is the same, the index is."""
        return self.number, [one for one in self.more if one.kind == additions.ENTRY]


@dataclass(slots=True)
class Knowledge:
    """`plugin.state`. Each part is replaced as a whole when what it was made from changes."""

    search: Search
    days: City
    kept: Kept
    talks: Talks = field(default_factory=Talks)
    _catalogue: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The list as a book, made anew when the list or what is said of categories is another."""
        made, dictionary, said = self._catalogue, self.search.dictionary, self.days.described
        if made is None or made.dictionary is not dictionary or made.described is not said:
            made = self._catalogue = Catalogue(dictionary, said)
        return made


async def load(plugin: Any) -> Knowledge:
    """Read everything. Raises `NotUsable`, which quarantines the plugin."""
    kept = await plugin.read(read_kept) if plugin.has_database else Kept()
    known = Knowledge(
        await asyncio.to_thread(load_search, plugin, kept),
        await asyncio.to_thread(load_days, plugin.config, plugin.city_folder),
        kept,
    )
    await asyncio.to_thread(lambda: known.catalogue)
    return known


async def renew(plugin: Any) -> None:
    """Take in what staff changed: words at once, another list or entry in the time of an index."""
    state, kept = plugin.state, await plugin.read(read_kept)
    if kept.made_of == state.kept.made_of:
        search = state.search.teach(additions.taught(kept.more))
    else:
        search = await asyncio.to_thread(load_search, plugin, kept)
    state.search, state.kept = search, kept
    await asyncio.to_thread(lambda: state.catalogue)


def read_kept(db: Session) -> Kept:
    """See `Kept`."""
    more, live = tuple(additions.find(db)), lists.find_live(db)
    if live is None:
        return Kept(more=more)
    return Kept(live.id, live.name, bytes(live.data), tuple(sorted(live.columns.items())), more)


def load_search(plugin: Any, kept: Kept) -> Search:
    """The live list, indexed, with what staff added."""
    dictionary = additions.extend(load_list(plugin, kept), kept.more)
    return Search(dictionary).teach(additions.taught(kept.more))


def load_list(plugin: Any, kept: Kept) -> Dictionary:
    """The list that is live; the city's file if an uploaded one cannot be read any more."""
    if kept.number:
        loaded = load_dictionary(kept.data, kept.name, dict(kept.columns))
        if loaded.dictionary is not None:
            return loaded.dictionary
        plugin.log.error("list %d is not usable, the city's file is: %s", kept.number,
                         _say_first(loaded.errors))  # fmt: skip
    return load_file(plugin.config, plugin.city_folder)


def load_file(config: GarbageConfig, folder: Path) -> Dictionary:
    """The list of the city's file."""
    file = folder / config.dictionary
    loaded = load_dictionary(_read(file), file.name, config.columns)
    if loaded.dictionary is None:
        raise NotUsable(_say_first(loaded.errors))
    return loaded.dictionary


def load_days(config: GarbageConfig, folder: Path) -> City:
    """The calendar of the city's folder. What cannot be read stands in its `problems`."""
    place = folder / config.calendar
    tables = {
        file.name: [list(row.cells) for row in read_table(_read(file), file.name)[0]]
        for file in sorted(place.glob("*.csv"))
        if file != folder / config.dictionary
    }
    towns = place / "towns.json"
    return read_city(
        tables,
        towns=towns.read_text("utf-8") if towns.exists() else "",
        on_closure=config.on_closure,
        on_holiday=config.on_holiday,
    )


def _say_first(errors: Sequence[object]) -> str:
    return "; ".join(map(str, errors[:3]))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotUsable(f"{file} cannot be read: {error.strerror}") from error
