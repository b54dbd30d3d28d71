"""Residents are answered in their language: the plugin's texts, the city's and the core's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from madoguchi.tables import resident
from madoguchi.testing import TestResident, Town, install
from madoguchi.testing.installing import forget

PLUGIN = '''
"""Says one thing in several languages."""
from madoguchi import Fit, Offer, hookimpl

@hookimpl
def offer_for_message(text):
    if text in ("図書館", "こわれた", "本"):
        fit = Fit.SEARCH if text == "本" else Fit.EXACT
        return Offer(answer, fit, label="図書館の時間")

def answer(ctx):
    if ctx.event.text == "こわれた":
        raise RuntimeError("broken on purpose")
    return ctx.say("{count}時から開いています。", count=9)
'''
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def catalog(**texts: str) -> str:
    return HEAD + "".join(f'msgid "{ja}"\nmsgstr "{said}"\n\n' for ja, said in texts.items())


OPENS = "{count}時から開いています。"
EN = catalog(**{OPENS: "Open from {count}.", "図書館の時間": "Library hours"})
EASY = catalog(**{OPENS: "{count}時《じ》から 開《あ》いています。"})
CITY = catalog(**{
    "お答えできませんでした。": "No answer to that.",
    "平日 8:30〜17:15": "Mon-Fri 8:30-17:15",
    "見本市": "Mihon City",
    "すぐに119へ電話してください。": "Call 119 now.",
})  # fmt: skip


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, loop_thread: Any, redis_url: str, migrated: Path
) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("languages")
    (folder / "babel" / "locale").mkdir(parents=True)
    (folder / "babel" / "locale" / "en.po").write_text(CITY, "utf-8")
    files = {"__init__.py": PLUGIN, "locale/en.po": EN, "locale/ja-easy.po": EASY}
    danger = {"words": ["火事"], "except": [], "answer": "すぐに119へ電話してください。"}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        packages = [install(folder, "library", files), install(folder, "books", files)]
        with Town(
            folder, loop_thread, redis_url, {"library": {}, "books": {}}, {"danger": [danger]},
            name="babel", template=migrated,
        ) as running:  # fmt: skip
            yield running
        for package in packages:
            forget(package)


@pytest.fixture
def speaking(town: Town) -> Any:
    """A new resident whose language is known."""

    def speaking(language: str | None) -> TestResident:
        town.clock.move(120)
        who = TestResident(town)
        statement = update(resident).where(resident.c.line_id == who.user_id)
        town.wait(
            town.running.store.write(lambda db: db.execute(statement.values(language=language)))
        )
        return who

    return speaking


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        (None, "9時から開いています。"),
        ("ja", "9時から開いています。"),
        ("ja-easy", "9時（じ）から 開（あ）いています。"),
        ("en", "Open from 9."),
        ("vi", "9時から開いています。"),
    ],
)
def test_a_plugin_answers_in_the_residents_language(speaking, language, answer):
    assert speaking(language).says("図書館") == [answer]


def test_what_the_core_and_the_city_say(speaking):
    who = speaking("en")
    assert who.says("なに") == ["No answer to that.\nMihon City 0100-00-0000（Mon-Fri 8:30-17:15）"]
    assert who.says("火事だ")[0] == "Call 119 now."
    (which,) = who.says("本")
    assert "Which do you mean?" in str(which)
    assert who.taps("Library hours") == ["Open from 9."]
    (apology,) = who.says("こわれた")
    assert apology.startswith("Sorry, something went wrong. Please call us.\nMihon City")
