"""R68: personal answers stay in the city's database; no message, button, log or key holds one."""

import logging
from dataclasses import replace

import pytest
import redis

from madoguchi.forms import filling, read_given, submitting
from madoguchi.testing import text_of
from madoguchi.types import Resident

INPUTS = [
    ("nick", "カナリア太郎"),
    ("born.year", "1987"),
    ("born.month", "11"),
    ("born.day", "23"),
    ("phone", "090-8765-4321"),
    ("mail", "canary@canary.example"),
    ("home.postcode", "987-6543"),
    ("home.address", "金糸雀町9-8-7"),
    ("home.building", "金糸雀荘203"),
    ("children.0.born.year", "2024"),
    ("children.0.born.month", "12"),
    ("children.0.born.day", "24"),
    ("children.1.born.year", "令和7"),
    ("children.1.born.month", "8"),
    ("children.1.born.day", "19"),
]
CANARIES = [
    "1987-11-23", "1987年", "87654321", "8765-4321", "canary@", "canary.example",
    "9876543", "987-6543", "金糸雀", "2024-12-24", "12月24日", "2025-08-19", "8月19日",
]  # fmt: skip


class Page:
    """A form on a page, as the residents' pages use the core."""

    def __init__(self, gateway, name: str) -> None:
        self._gateway, self._services = gateway, gateway.running.services
        self.plugin, self.form = self._services.plugins.find_form(name)

    def run(self, fn, *args):
        return self._gateway.wait(self._services.store.write(fn, self._desk(), *args))

    def _desk(self):
        (row,) = self._gateway.wait(self._services.store.fetch("SELECT id FROM resident"))
        number = row[0]
        open_form = self._services.conversation._desk(
            self.plugin, self.form, Resident(number, True)
        )
        return replace(open_form, in_chat=False)


def fill_in(db, desk):
    """Answer everything from the first question on, then hand it in."""
    draft = filling.open_draft(db, desk)
    while (field := filling.next_field(desk.form, draft.answers)) is not None:
        given = read_given(field.name, INPUTS)
        draft = filling.answer(db, desk, draft, field, given)
    done = submitting.submit(db, desk, draft)
    submitting.announce(db, desk, done, draft.key)
    return done


@pytest.fixture
def everything(gateway, line, stored, caplog, redis_url):
    """All that leaves the database: what LINE got, the log, the queue, Redis."""

    def collect() -> str:
        book = gateway.call(lambda: list(line.book.sends()))
        bodies = [row["body"].decode() for row in stored("outgoing")]
        with redis.Redis.from_url(redis_url) as server:
            keys = [
                (key, server.hgetall(key) if server.type(key) == b"hash" else server.get(key))
                for key in server.scan_iter(f"{gateway.name}*")
            ]
        return repr([book, bodies, caplog.text, stored("audit"), stored("unanswered"), keys])

    return collect


def test_r68_canaries_in_personal_answers_are_nowhere_but_in_the_database(
    resident, gateway, stored, everything, caplog
):
    with caplog.at_level(logging.DEBUG):
        resident.says("名簿")
        resident.says("カナリアたろう")  # the one question that is not personal
        Page(gateway, "toy/roll").run(fill_in)
        resident.says("名簿")
        answers = resident.says("続ける")
        Page(gateway, "toy/roll").run(fill_in_some)
        resident.says("名簿")
        resident.says("戻る")
        answers += resident.says("つづき")
    stored_now = repr(stored("submission"))
    assert "1987-11-23" in stored_now
    assert "09087654321" in stored_now
    said = everything()
    assert "受け付けました" in said
    assert [one for one in CANARIES if one in said] == []


def fill_in_some(db, desk):
    """Leave off before the last question."""
    draft = filling.open_draft(db, desk)
    for name in ("nick", "born", "phone", "mail", "home"):
        field = desk.form.field(name)
        draft = filling.answer(db, desk, draft, field, read_given(name, INPUTS))


def test_r68_a_reply_that_repeats_a_personal_answer_is_not_sent(
    resident, gateway, stored, everything, caplog
):
    resident.says("秘密")
    done = Page(gateway, "toy/secret").run(fill_in)
    assert [text_of(one) for one in done.messages] == ["受け付けました。"]
    assert "repeats the personal answer 'phone'" in caplog.text
    assert [one for one in CANARIES if one in everything()] == []
    assert stored("submission")[0]["answers"] == {"phone": "09087654321"}


def test_r68_the_chat_says_how_many_and_never_which(resident, gateway):
    resident.says("設定")
    page = Page(gateway, "toy/settings")

    def save(db, desk):
        given = read_given("phone", INPUTS)
        return submitting.save_setting(db, desk, desk.form.field("phone"), given)

    page.run(save)
    said = text_of(resident.says("設定")[-1])
    assert "・電話番号：入力ずみ" in said


def test_r68_a_draft_with_personal_answers_is_handed_in_on_the_page(resident, gateway, stored):
    resident.says("秘密")

    def answer(db, desk):
        draft = filling.open_draft(db, desk)
        filling.answer(db, desk, draft, desk.form.field("phone"), read_given("phone", INPUTS))

    Page(gateway, "toy/secret").run(answer)
    answers = resident.says("秘密")
    assert text_of(answers[-1]) == "ご確認と送信は、ページでお願いします。"
    number = stored("draft")[0]["id"]
    sent = gateway.simulator.tap(resident.user_id, f"madoguchi:form?d={number}&a=submit")
    assert "ページでお願いします" in text_of(resident._after(gateway.wait(sent))[-1])
    assert stored("submission") == []


def test_a_page_may_not_be_opened_with_personal_answers(gateway, resident):
    def begin(db, desk):
        filling.open_draft(db, desk, {"phone": "0312345678"})

    resident.says("案内図")
    with pytest.raises(ValueError, match="it is personal"):
        Page(gateway, "toy/secret").run(begin)
