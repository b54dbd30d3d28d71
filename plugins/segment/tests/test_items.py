"""Items change over the years, and old answers stay what they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi_segment.items import Topic, as_of_now, check_items, find, keep_retired, offered

IDS = "abcdef"


def topics(**changes):
    """Six topics, some of them changed: `a={"into": "b"}`."""
    return [Topic(id=id, label=id.upper(), **changes.get(id, {})) for id in IDS]


@st.composite
def changed(draw):
    """Topics of which some are retired and some merged, always into a later one: no circle."""
    changes = {}
    for n, id in enumerate(IDS[:-1]):
        kind = draw(st.sampled_from(["stays", "retired", "into"]))
        if kind == "retired":
            changes[id] = {"retired": True}
        elif kind == "into":
            changes[id] = {"into": draw(st.sampled_from(IDS[n + 1 :]))}
    return topics(**changes)


answers = st.lists(st.sampled_from(IDS), unique=True)


def test_a_new_label_keeps_the_answer():
    renamed = [Topic(id="a", label="広報紙")]
    assert as_of_now(renamed, ["a"]) == ["a"]


def test_what_went_into_another_counts_for_that_one():
    merged = topics(a={"into": "b"}, b={"into": "c"})
    assert find(merged, "a").id == "c"
    assert as_of_now(merged, ["a", "c", "f"]) == ["c", "f"]
    assert [topic.id for topic in offered(merged)] == ["c", "d", "e", "f"]


def test_a_merge_that_is_undone_leaves_what_was_answered():
    assert as_of_now(topics(), ["a"]) == ["a"]


def test_a_retired_topic_keeps_its_answers_when_others_are_chosen_anew():
    ended = topics(a={"retired": True})
    assert keep_retired(ended, ["a", "b"], ["c"]) == ["a", "c"]


@given(changed(), answers, answers)
def test_nothing_that_could_not_be_chosen_is_lost_and_nothing_comes_from_nowhere(
    items, before, wanted
):
    choosable = {item.id for item in offered(items)}
    chosen = [id for id in wanted if id in choosable]
    after = keep_retired(items, before, chosen)
    kept = {id for id in as_of_now(items, before) if id not in choosable}
    assert set(after) == {*kept, *chosen}
    assert as_of_now(items, after) == after


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([Topic(id="a", label="A"), Topic(id="a", label="B")], "the id a is there twice"),
        (topics(a={"into": "z"}), "a goes into 'z', which is not there"),
        (topics(a={"into": "b"}, b={"into": "a"}), "goes into itself"),
        (topics(a={"into": "a"}), "goes into itself"),
    ],
)
def test_what_cannot_be_is_refused_in_words(items, says):
    with pytest.raises(ValueError, match=says):
        check_items(items, "topics")


def test_what_is_gone_altogether_is_no_answer():
    assert find(topics(), "zz") is None
    assert as_of_now(topics(), ["zz", "b"]) == ["b"]
