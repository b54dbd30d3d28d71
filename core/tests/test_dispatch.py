"""Who answers what: the order rules, from signed webhooks to what the simulated LINE accepted."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from madoguchi.testing import TestResident, Town, install
from madoguchi.testing.installing import forget

TELEPHONE = "見本市 0100-00-0000（平日 8:30〜17:15）"
FALLBACK = f"お答えできませんでした。\n{TELEPHONE}"
APOLOGY = "0100-00-0000"
BIDDER = '''
"""Bids for the words in its table, as the table says."""
from madoguchi import PASS, Fit, Offer, hookimpl
from pydantic import BaseModel

class Bid(BaseModel):
    fit: str = "SEARCH"
    score: float = 1.0
    says: str = ""

class Settings(BaseModel):
    bids: dict[str, Bid] = {}

@hookimpl
def config_model():
    return Settings

@hookimpl
def offer_for_message(ctx, text):
    if bid := ctx.plugin.config.bids.get(text):
        return Offer(answer, Fit[bid.fit], f"{ctx.plugin.name}の件", bid.score, bid.says)

def answer(ctx):
    if ctx.offer.data == "PASS":
        return PASS
    if ctx.offer.data == "RAISE":
        raise RuntimeError("broken on purpose")
    return f"{ctx.plugin.name}: {ctx.event.text}"
'''
Bids = Mapping[str, Any]


def exact(says: str = "") -> Bids:
    return {"fit": "EXACT", "says": says}


def pattern(score: float = 1.0, says: str = "") -> Bids:
    return {"fit": "PATTERN", "score": score, "says": says}


def search(score: float, says: str = "") -> Bids:
    return {"fit": "SEARCH", "score": score, "says": says}


ORDER: dict[str, tuple[Bids | None, Bids | None, Bids | None, str]] = {
    "exact beats pattern": (pattern(), exact(), None, "second"),
    "exact beats search": (search(1.0), None, exact(), "third"),
    "pattern beats search": (search(1.0), pattern(0.1), None, "second"),
    "the score of a pattern counts nothing": (pattern(0.2), pattern(0.9), None, "first"),
    "two exact: the order of the file": (exact(), exact(), exact(), "first"),
    "the higher score": (search(0.6), search(0.95), None, "second"),
    "just more than a tenth apart": (search(0.7), search(0.81), None, "second"),
    "half is enough": (None, search(0.5), None, "second"),
    "under a half is not offered": (search(0.49), None, None, ""),
    "under a half does not disturb": (search(0.45), search(0.5), None, "second"),
    "search beside exact asks nothing": (search(0.9), search(0.9), exact(), "third"),
    "pass: the next offer": (exact("PASS"), None, search(0.6), "third"),
    "all pass": (exact("PASS"), pattern(says="PASS"), search(0.9, "PASS"), ""),
    "nobody": (None, None, None, ""),
}
CLOSE = {
    "ごみ": (search(0.8), search(0.75), search(0.3)),
    "ちょうど一割": (search(0.8), search(0.7), None),
    "みっつ": (search(0.9), search(0.85), search(0.8)),
    "ゆずる": (search(0.9, "PASS"), search(0.9), None),
}
PLAIN = {
    "火事": (exact(), None, None),
    "火事場": (exact(), None, None),
    "火事でこわれた": (exact("RAISE"), None, None),
    "こわれた": (exact("RAISE"), None, None),
    "ＡＢＣ": (None, None, None),
    "ABC": (exact(), None, None),
}
DANGER = {
    "words": ["火事", "助けて"],
    "except": ["火事場"],
    "answer": "すぐに119へ電話してください。",
}


def tables() -> dict[str, Any]:
    words: dict[str, tuple[Any, ...]] = {**ORDER, **CLOSE, **PLAIN}
    return {
        name: {"bids": {word: bids[place] for word, bids in words.items() if bids[place]}}
        for place, name in enumerate(("first", "second", "third"))
    }


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, loop_thread: Any, redis_url: str, migrated: Path
) -> Iterator[Town]:
    """A town with three bidders, for all tests that only ask."""
    folder = tmp_path_factory.mktemp("bidders")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        packages = [install(folder, name, {"__init__.py": BIDDER}) for name in tables()]
        with Town(
            folder, loop_thread, redis_url, tables(), {"danger": [DANGER]},
            name="bidders", template=migrated,
        ) as running:  # fmt: skip
            yield running
        for package in packages:
            forget(package)


@pytest.fixture
def hanako(town: Town) -> TestResident:
    """A resident; an open circuit of the test before is closed by time."""
    town.clock.move(120)
    return TestResident(town)


def select(town: Town, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the gateway's database, when everything that happened is in it."""
    town.wait(town.running.journal.flush())
    return [tuple(row) for row in town.wait(town.running.store.fetch(sql))]


def begin(town: Town, who: TestResident, text: str) -> str:
    """Say something without waiting for the answer; the event's id."""
    said = town.wait(town.simulator.send_message(who.user_id, {"type": "text", "text": text}))
    assert said["status"] == 200
    return str(said["webhookEventId"])


def finish(town: Town, *events: str) -> None:
    for event in events:
        town.wait(town.running.feed.wait_for(event))


def answers(who: TestResident) -> list[tuple[str, str]]:
    """`(via, text)` of everything the bot said after the greeting."""
    bot = [entry for entry in who.chat() if entry["from"] == "bot"]
    return [(entry["via"], entry["message"]["text"]) for entry in bot][1:]


# -- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ORDER)
def test_order(hanako: TestResident, word: str) -> None:
    winner = ORDER[word][3]
    assert hanako.says(word) == [f"{winner}: {word}" if winner else FALLBACK]


def test_width_and_space_make_no_difference(hanako: TestResident) -> None:
    assert hanako.says(" ＡＢＣ　") == ["first:  ＡＢＣ　"]


def test_every_decision_is_one_line(
    hanako: TestResident, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "madoguchi")
    event = begin(town, hanako, "the higher score")
    finish(town, event)
    (line,) = [m for m in caplog.messages if event in m]
    assert "rule 3, second wins over [second SEARCH 0.95, first SEARCH 0.60]" in line
    assert hanako.user_id not in caplog.text
    assert "the higher score" not in caplog.text


# -- which was meant ------------------------------------------------------------------------------


def choices(question: Any) -> list[str]:
    assert question["text"] == "どちらのことですか。"
    return [item["action"]["label"] for item in question["quickReply"]["items"]]


def test_two_close_offers_are_asked_about_and_the_tap_answers_the_words(
    hanako: TestResident,
) -> None:
    (question,) = hanako.says("ごみ")
    assert choices(question) == ["firstの件", "secondの件"]
    assert hanako.taps("secondの件") == ["second: ごみ"]


@pytest.mark.parametrize(("word", "asked"), [("ちょうど一割", 2), ("みっつ", 3)])
def test_how_many_are_asked_about(hanako: TestResident, word: str, asked: int) -> None:
    (question,) = hanako.says(word)
    assert len(choices(question)) == asked


def test_the_one_that_was_meant_may_still_pass(hanako: TestResident) -> None:
    hanako.says("ゆずる")
    assert hanako.taps("firstの件") == [FALLBACK]


def test_the_question_of_somebody_else_is_not_answered(hanako: TestResident, town: Town) -> None:
    """A postback with another resident's event must not show what that one wrote."""
    (question,) = hanako.says("ごみ")
    data = question["quickReply"]["items"][0]["action"]["data"]
    taro = TestResident(town, "太郎")
    tapped = town.wait(town.simulator.tap(taro.user_id, data))
    finish(town, tapped["webhookEventId"])
    assert answers(taro) == [("reply", FALLBACK)]


@pytest.mark.parametrize(
    "data", ["", "first", "first:no", "nobody:x", "madoguchi:choose", "madoguchi:choose?event=1&%",
             "madoguchi:x", ":", "?", "first:?a=1&a=2", "まど口:はい"],
)  # fmt: skip
def test_a_postback_that_nobody_owns_gets_the_fallback(
    hanako: TestResident, town: Town, data: str
) -> None:
    tapped = town.wait(town.simulator.tap(hanako.user_id, data))
    finish(town, tapped["webhookEventId"])
    assert answers(hanako) == [("reply", FALLBACK)]


# -- danger words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "answer"),
    [("火事", "first: 火事"), ("助けて!", TELEPHONE), ("火事場で火事だ", TELEPHONE)],
)
def test_danger_words_add_the_number_and_consume_nothing(
    hanako: TestResident, town: Town, word: str, answer: str
) -> None:
    assert hanako.says(word) == [DANGER["answer"], answer]
    assert (word,) not in select(town, "SELECT text FROM unanswered")


def test_danger_words_have_exceptions(hanako: TestResident) -> None:
    assert hanako.says("火事場") == ["first: 火事場"]


def test_danger_words_come_before_an_apology_too(hanako: TestResident) -> None:
    number, apology = hanako.says("火事でこわれた")
    assert number == DANGER["answer"]
    assert APOLOGY in str(apology)


# -- fallback and apology -------------------------------------------------------------------------


def test_what_nobody_answers_is_kept_without_numbers_and_addresses(
    hanako: TestResident, town: Town
) -> None:
    said = "090-1234-5678 か taro@example.jp へ連絡ください"
    assert hanako.says(said) == [FALLBACK]
    kept = select(town, "SELECT text, message_key FROM unanswered ORDER BY id DESC")[0]
    assert kept[0] == "（電話番号） か （メール） へ連絡ください"
    message_ids = [entry["messageId"] for entry in hanako.chat()]
    assert kept[1]
    assert kept[1] not in message_ids


def test_one_apology_with_the_telephone_and_no_second_try(hanako: TestResident, town: Town) -> None:
    event = begin(town, hanako, "こわれた")
    finish(town, event)
    ((via, apology),) = answers(hanako)
    assert via == "reply"
    assert APOLOGY in apology
    assert "broken on purpose" not in apology
    handled = select(town, f"SELECT outcome FROM handled WHERE event_id = '{event}'")
    assert handled == [("failed",)]
