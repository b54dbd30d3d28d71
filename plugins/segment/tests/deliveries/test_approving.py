"""Who may do what to a delivery, and what starts again."""

from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import select

from madoguchi.tables import audit
from madoguchi_segment.deliveries import approving, drafts, routes, states, trying
from madoguchi_segment.deliveries.routes import Step
from madoguchi_segment.deliveries.states import Refused, State

from .conftest import BOSS, OTHER, PLAIN, TEXT, WRITER, Person


@contextmanager
def refused(code):
    with pytest.raises(Refused) as error:
        yield
    assert error.value.code == code, error.value.words
    assert error.value.words.endswith("。")


def test_the_whole_way_each_step_in_the_audit_log(desk):
    draft = desk.draft()
    asked = desk.ask(draft)
    assert asked.label == "確認依頼"
    approved = desk.approve(asked)
    assert (approved.state, approved.count_then) == (State.APPROVED, 3)
    assert desk.reserve(approved).state is State.SCHEDULED
    lines = desk.read(lambda db: db.execute(select(audit.c.action, audit.c.actor_id)).all())
    assert [tuple(line) for line in lines] == [
        ("delivery.create", "1"),
        ("delivery.request", "1"),
        ("delivery.approve", "2"),
        ("delivery.schedule", "1"),
    ]
    told = desk.read(approving.history, draft.id)
    assert [(one.what, one.staff) for one in told] == [
        ("requested", "書いた人"),
        ("approved", "課長"),
    ]


def test_nobody_approves_what_they_wrote_or_edited_last(desk):
    asked = desk.ask(desk.draft())
    with refused("own"):
        desk.approve(asked, WRITER)
    edited = desk.write(drafts.edit, BOSS, asked.id, asked.version, desk.now, title="新しい題名")
    assert (edited.state, edited.version) == (State.DRAFT, 2)
    again = desk.ask(edited)
    for who in (WRITER, BOSS):
        with refused("own"):
            desk.approve(again, who)
    with refused("forbidden"):
        desk.approve(again, PLAIN)
    assert desk.approve(again, OTHER).state is State.APPROVED


def test_any_edit_starts_again_and_an_old_version_cannot_be_approved(desk):
    asked = desk.ask(desk.draft())
    desk.see(BOSS, asked)
    desk.write(drafts.edit, WRITER, asked.id, 1, desk.now, title="べつ")
    with refused("stale"):
        desk.write(approving.approve, BOSS, asked.id, 1, 3, desk.now)
    reserved = desk.reserved()
    back = desk.write(drafts.edit, WRITER, reserved.id, 1, desk.now, title="べつ")
    assert (back.state, back.count_then, back.planned) == (State.DRAFT, None, None)
    same = desk.write(drafts.edit, WRITER, back.id, 2, desk.now, title="べつ")
    assert same.version == 2, "nothing was changed"


def test_preview_of_this_version_has_to_be_opened_by_both(desk):
    draft = desk.draft()
    with refused("unseen"):
        desk.write(approving.request, WRITER, draft.id, 1, desk.now)
    asked = desk.ask(draft)
    with refused("unseen"):
        desk.write(approving.approve, BOSS, asked.id, 1, 3, desk.now)
    edited = desk.write(drafts.edit, WRITER, asked.id, 1, desk.now, title="べつ")
    with refused("unseen"):
        desk.write(approving.request, WRITER, edited.id, 2, desk.now)


def test_a_route_of_three_steps_with_a_deputy(desk):
    steps = [Step("係長", ("2",)), Step("所属長", ("4",)), Step("広報", ("3",))]
    desk.write(routes.set_route, BOSS, "広報課", steps)
    chief, deputy = Person("4", "所属長"), Person("5", "代わりの人", {})
    asked = desk.ask(desk.draft())
    with refused("turn"):
        desk.approve(asked, OTHER)
    second = desk.approve(asked, BOSS)
    assert (second.state, second.step) == (State.REVIEW, 1)
    with refused("turn"):
        desk.approve(second, deputy)
    args = (BOSS, "広報課", "4", "5", date(2027, 4, 6), date(2027, 4, 6))
    desk.write(routes.add_deputy, *args)
    third = desk.approve(second, deputy)
    assert desk.approve(third, OTHER).state is State.APPROVED
    lines = [one for one in desk.read(approving.history, asked.id) if one.what == "approved"]
    assert [(one.staff_id, one.deputy_for) for one in lines] == [
        ("2", None),
        ("5", "4"),
        ("3", None),
    ]
    desk.at(2027, 4, 7)
    other = desk.approve(desk.ask(desk.draft()), BOSS)
    with refused("turn"):
        desk.approve(other, deputy)
    assert desk.approve(other, chief).step == 2
    with refused("route"):
        desk.write(routes.set_route, BOSS, "広報課", [*steps, Step("市長")])


def test_one_person_never_approves_two_steps(desk):
    desk.write(routes.set_route, BOSS, "広報課", [Step("一"), Step("二")])
    asked = desk.approve(desk.ask(desk.draft()), BOSS)
    with refused("twice"):
        desk.approve(asked, BOSS)
    assert desk.approve(asked, OTHER).state is State.APPROVED


def test_from_a_thousand_on_the_number_is_typed(desk):
    asked = desk.ask(desk.draft())
    for typed in (None, "", "1234", "12345人ぐらい"):
        with refused("typed"):
            desk.approve(asked, count=12_345, typed=typed)
    assert desk.approve(asked, count=12_345, typed="１２，３４５人").count_then == 12_345
    with refused("empty"):
        desk.approve(desk.ask(desk.draft()), count=0)


def test_sent_back_with_a_reason(desk):
    asked = desk.ask(desk.draft())
    with refused("comment"):
        desk.write(approving.send_back, BOSS, asked.id, 1, " ", desk.now)
    back = desk.write(approving.send_back, BOSS, asked.id, 1, "日付がちがいます", desk.now)
    assert back.state is State.DRAFT
    again = desk.approve(desk.ask(back), BOSS)
    assert again.state is State.APPROVED, "who sent it back approves it in the end"


def test_what_is_not_complete_is_refused_with_everything_that_is_missing(desk):
    draft = desk.draft(title=" ", content={}, condition=None, timing=None)
    desk.see(WRITER, draft)
    with pytest.raises(Refused) as error:
        desk.write(approving.request, WRITER, draft.id, 1, desk.now)
    for word in ("題名", "本文", "相手", "いつ"):
        assert word in error.value.words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"timing": {"every": "once", "day": "2027-04-05", "at": "10:00"}}, "過ぎて"),
        ({"timing": {"every": "once", "day": "2027-04-08", "at": "21:30"}}, "夜9時"),
        ({"content": {"ja": [{"type": "text", "text": "4月7日（木）です。"}]}}, "水曜日"),
        ({"content": {"ja": [{"type": "text", "text": "これは訓練です。"}]}}, "訓練"),
        ({"kind": "rule", "timing": {"every": "day", "at": "10:00"}}, "上限"),
        (
            {
                "kind": "rule",
                "ceiling": 5,
                "until": "2028-04-01",
                "timing": {"every": "day", "at": "10:00"},
            },
            "2028年3月31日",
        ),
    ],
)
def test_what_cannot_be_sent_is_not_asked_for(desk, fields, words):
    draft = desk.draft(**fields)
    desk.see(WRITER, draft)
    with pytest.raises(Refused, match=words):
        desk.write(approving.request, WRITER, draft.id, 1, desk.now)
    assert desk.read(states.get, draft.id).state is State.DRAFT


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content": {"ja": [{"type": "text", "text": "あ" * 5001}]}}, "content"),
        ({"timing": {"every": "week", "days": [], "at": "10:00"}}, "timing"),
        ({"timing": {"every": "month", "days": [32], "at": "10:00"}}, "timing"),
        ({"spread": 100_000}, "spread"),
        ({"until": "来年"}, "until"),
    ],
)
def test_what_is_wrong_is_refused_when_it_is_written(desk, fields, code):
    with refused(code):
        desk.draft(**fields)
    assert desk.read(states.find_all) == []


def test_an_emergency_goes_with_one_person_and_waits_for_a_second(desk):
    desk.at(2027, 4, 6, 3, 0)
    one = desk.draft(emergency=True, timing=None)
    with refused("unseen"):
        desk.write(approving.send_emergency, WRITER, one.id, 1, desk.now)
    desk.see(WRITER, one)
    plain = Person("8", "権限なし", {"広報課": {"segment.write"}})
    with refused("forbidden"):
        desk.write(approving.send_emergency, plain, one.id, 1, desk.now)
    sent = desk.write(approving.send_emergency, WRITER, one.id, 1, desk.now)
    assert sent.state is State.SCHEDULED
    (waiting,) = desk.read(approving.unconfirmed, desk.now)
    assert (waiting.delivery.id, waiting.is_overdue) == (one.id, False)
    desk.at(2027, 4, 7, 3, 1)
    assert desk.read(approving.unconfirmed, desk.now)[0].is_overdue
    with refused("own"):
        desk.write(approving.confirm, WRITER, one.id, desk.now)
    desk.write(approving.confirm, BOSS, one.id, desk.now)
    assert desk.read(approving.unconfirmed, desk.now) == []
    with refused("state"):
        desk.write(approving.send_emergency, WRITER, desk.draft().id, 1, desk.now)


def test_a_test_goes_to_registered_phones_only_and_is_marked(desk):
    one = desk.draft()
    sent = []

    def send(db, to, messages, key):
        sent.append((to, messages))
        return len(to)

    with refused("phone"):
        desk.write(trying.try_out, send, WRITER, one.id, 1, desk.now)
    (number,) = desk.friends(1)
    desk.write(trying.add_phone, WRITER, "広報課", "公用スマホ", number, desk.now)
    assert desk.write(trying.try_out, send, WRITER, one.id, 1, desk.now) == 1
    assert sent == [([number], [{"type": "text", "text": "【テスト】" + TEXT["ja"][0]["text"]}])]


def test_the_queue_shows_what_this_person_can_approve(desk):
    asked = desk.ask(desk.draft())
    assert [one.id for one in desk.read(approving.waiting_for, BOSS, desk.now)] == [asked.id]
    assert desk.read(approving.waiting_for, WRITER, desk.now) == []
    assert desk.read(approving.waiting_for, PLAIN, desk.now) == []
