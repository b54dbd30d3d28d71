"""What the plugin knows: the list with its search, and the collection days. Kept in memory."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madoguchi_garbage_bot.catalogue import Catalogue
from madoguchi_garbage_bot.config import GarbageConfig
from madoguchi_garbage_bot.days.city import City, read_city
from madoguchi_garbage_bot.dictionary import load_dictionary
from madoguchi_garbage_bot.reading import read_table
from madoguchi_garbage_bot.search import Search
from madoguchi_garbage_bot.talks import Talks


class NotUsable(Exception):
    """A city's file has errors; its text names the first ones."""


@dataclass(slots=True)
class Knowledge:
    """`plugin.state`. Each part is replaced as a whole when what it was made from changes."""

    search: Search
    days: City
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
    known = Knowledge(
        await asyncio.to_thread(load_search, plugin.config, plugin.city_folder),
        await asyncio.to_thread(load_days, plugin.config, plugin.city_folder),
    )
    await asyncio.to_thread(lambda: known.catalogue)
    return known


def load_search(config: GarbageConfig, folder: Path) -> Search:
    """The list of the city's file, indexed."""
    file = folder / config.dictionary
    loaded = load_dictionary(_read(file), file.name, config.columns)
    if loaded.dictionary is None:
        raise NotUsable("; ".join(map(str, loaded.errors[:3])))
    return Search(loaded.dictionary)


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


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotUsable(f"{file} cannot be read: {error.strerror}") from error
