"""Counts, reasons, groups, slices and names: what staff see of a condition, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from madoguchi import Audience, Criteria, FieldOption, ProfileField
from madoguchi.audit import Actor
from madoguchi.forms.profile import write_profile
from madoguchi.tables import audit, follower_import, profile, resident
from madoguchi_segment.audiences import (
    AudienceUnavailable,
    ConditionError,
    bands,
    count,
    count_friends,
    count_set,
    describe,
    explain,
    matches,
    read_condition,
    read_ids,
    stream_ids,
)
from madoguchi_segment.audiences.mending import make_anew
from madoguchi_segment.audiences.saved import (
    SaveRefused,
    change_audience,
    find_audience,
    find_audiences,
    remove_audience,
    save_audience,
)
from madoguchi_segment.audiences.tables import index

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
EVERYONE = {"everyone": True}
HONCHO = {"field": "segment/area", "in": ["honcho"]}
GARBAGE = {"field": "segment/topics", "in": ["garbage"]}
BABY = {"field": "segment/children", "age": {"from": {"months": 3}, "to": {"months": 4}}}
MARCH = [{"birthdate": "2026-03-01"}]
STAFF = Actor("staff", "7", "広報課")


@pytest.fixture
def ask(place, criteria):
    """Ask for a condition that is written as JSON."""

    def ask(question, tree, *more):
        condition = read_condition(tree, criteria)
        return place.read(question, condition, criteria, NOW, *more)

    return ask


# Who gets it.


def test_friends_without_settings_get_what_goes_to_everyone_and_nothing_else(place, ask):
    place.add(1, topics=["garbage"])
    place.add(2, language="ja", followed_at=NOW - timedelta(days=1))
    place.add(3, topics=["garbage"], follows=False)
    assert ask(read_ids, EVERYONE).tolist() == [1, 2]
    for tree in (
        GARBAGE,
        {"not": GARBAGE},
        {"field": "segment/topics", "unanswered": True},
        {"field": "segment/area", "unanswered": True},
        {"language": ["ja"]},
        {"followed": {"days": 30}},
        {"all": [EVERYONE, {"language": ["ja"]}]},
        {"not": EVERYONE},
        {"not": {"audience": "segment/changed", "with": {"days": 1}}},
    ):
        assert 2 not in ask(read_ids, tree), tree
        assert 3 not in ask(read_ids, tree), tree
    assert place.read(count_set) == (1, 2)


def test_one_in_several_conditions_counts_once(place, ask):
    place.add(1, topics=["garbage"], area="honcho", children=[*MARCH, *MARCH])
    either = {"any": [GARBAGE, HONCHO, BABY, EVERYONE]}
    assert ask(count, either) == 1
    assert ask(read_ids, either).tolist() == [1]


def test_any_of_several_children_counts(place, ask):
    old = {"birthdate": "2015-04-02"}
    place.add(1, children=[old, *MARCH])
    place.add(2, children=[old])
    assert ask(read_ids, BABY).tolist() == [1]
    assert ask(read_ids, {"not": BABY}).tolist() == [2]
    assert ask(
        read_ids, {**BABY, "age": {"from": {"years": 11}, "to": {"years": 11}}}
    ).tolist() == [
        1,
        2,
    ]


def test_what_went_into_another_option_counts_for_that_one(place, ask, criteria):
    place.add(1, topics=["trash"])
    place.add(2, topics=["old"], area="mura")
    assert ask(read_ids, GARBAGE).tolist() == [1]
    assert read_condition({**GARBAGE, "in": ["trash"]}, criteria) == read_condition(
        GARBAGE, criteria
    )
    assert ask(read_ids, {"field": "segment/area", "unanswered": True}).tolist() == [1, 2]


def test_fields_and_audiences_of_other_plugins(place):
    """They have no index, and are asked all the same; a plugin that fails takes nobody along."""
    pets = [FieldOption("dog", "犬"), FieldOption("cat", "猫", ("cat", "kitten"))]
    fields = {
        "vet/pets": ProfileField("pets", "動物", "choices", pets, "{answer}を飼う人"),
        "vet/size": ProfileField("size", "大きさ", "choice", [FieldOption("big", "大きい")]),
        "vet/shot": ProfileField("shot", "予防接種の日", "date"),
        "vet/born": ProfileField("born", "生まれ", "dates", part="day"),
    }

    def big(now):
        return select(resident.c.id).where(resident.c.first_seen <= now, resident.c.id != 2)

    def broken(now):
        raise KeyError("no such thing")

    criteria = Criteria(
        fields,
        {"vet/big": Audience("big", "大きい人", big), "vet/broken": Audience("b", "壊れ", broken)},
    )
    for number in (1, 2, 3):
        place.add(number, topics=["city"])
    place.add(4)
    theirs = {
        "pets": ["kitten"],
        "size": "big",
        "shot": "2026-06-01",
        "born": [{"day": "2026-01-01"}],
    }
    for number in (1, 4):
        place.write(write_profile, number, "vet", theirs, NOW)
    place.write(write_profile, 2, "vet", {"pets": ["dog"], "born": []}, NOW)

    def found(tree):
        condition = read_condition(tree, criteria)
        return place.read(read_ids, condition, criteria, NOW).tolist()

    assert found({"field": "vet/pets", "in": ["cat"]}) == [1]
    assert found({"not": {"field": "vet/pets", "in": ["cat"]}}) == [2]
    assert found({"field": "vet/size", "in": ["big"]}) == [1]
    assert found({"field": "vet/size", "unanswered": True}) == [2, 3]
    assert found({"field": "vet/shot", "from": "2026-06-01"}) == [1]
    months = {"from": {"months": 5}, "to": {"months": 5}}
    assert found({"field": "vet/born", "age": months}) == [1]
    assert found({"not": {"field": "vet/born", "age": months}}) == [2]
    assert found({"audience": "vet/big"}) == [1, 3]
    assert found({"not": {"audience": "vet/big"}}) == [2]
    with pytest.raises(AudienceUnavailable, match="「壊れ」は、いま数えられません"):
        found({"any": [EVERYONE, {"audience": "vet/broken"}]})


# Never stale.


def test_whoever_writes_the_profile_the_next_count_shows_it(place, ask):
    place.add(1, topics=["city"], area="honcho", children=MARCH)
    assert [ask(count, one) for one in (GARBAGE, HONCHO, BABY)] == [0, 1, 1]
    place.write(write_profile, 1, "segment", {"topics": ["garbage", "garbage"]}, NOW)
    assert ask(count, GARBAGE) == 1
    place.write(lambda db: db.execute(delete(profile).where(profile.c.field == "segment/area")))
    assert ask(count, HONCHO) == 0
    younger = update(profile).where(profile.c.field == "segment/children")
    place.write(lambda db: db.execute(younger.values(value=[{"birthdate": "2020-01-01"}])))
    assert ask(count, BABY) == 0
    place.write(lambda db: db.execute(update(resident).values(follows=False)))
    assert ask(count, EVERYONE) == 0
    place.write(lambda db: db.execute(delete(resident)))
    assert place.read(lambda db: db.execute(select(index)).all()) == []


def test_a_unit_that_is_taken_back_leaves_the_index_as_it_was(place, ask):
    place.add(1, topics=["city"])

    def fail(db):
        write_profile(db, 1, "segment", {"topics": ["garbage"]}, NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        place.write(fail)
    assert ask(count, GARBAGE) == 0
    place.write(write_profile, 1, "segment", {"topics": ["garbage"]}, NOW)
    assert ask(count, GARBAGE) == 1


def test_those_who_write_the_same_resident_at_once_are_all_in_the_index(place, criteria):
    """On PostgreSQL the second one waits for the first, and sees what it has done."""
    place.add(1, sex="male")
    trees = [read_condition(one, criteria) for one in (GARBAGE, HONCHO, BABY)]
    write = place.store.write

    async def write_all():
        for n in range(20):
            answers = (
                {"topics": ["garbage"] if n % 2 else []},
                {"area": "honcho" if n % 2 else "minami"},
                {"children": MARCH if n % 2 else None},
            )
            await asyncio.gather(*(write(write_profile, 1, "segment", one, NOW) for one in answers))
            for tree in trees:
                assert await place.store.read(count, tree, criteria, NOW) == n % 2

    place.run(write_all())


def test_without_the_triggers_nobody_is_picked(place, ask):
    place.add(1, topics=["garbage"])
    drop = {
        "sqlite": "DROP TRIGGER segment_index_changed",
        "postgresql": "ALTER TABLE profile DISABLE TRIGGER segment_index_changed",
    }[place.store.dialect]
    place.write(lambda db: db.connection().exec_driver_sql(drop))
    with pytest.raises(AudienceUnavailable, match="作り直しています"):
        ask(count, GARBAGE)
    place.write(write_profile, 1, "segment", {"topics": ["city"], "area": "honcho"}, NOW)
    place.write(make_anew)
    assert [ask(count, one) for one in (GARBAGE, HONCHO)] == [0, 1]
    place.write(write_profile, 1, "segment", {"topics": ["garbage"], "area": None}, NOW)
    assert [ask(count, one) for one in (GARBAGE, HONCHO)] == [1, 0]


# Reasons, groups and slices.


def test_who_is_left_out_and_why_adds_up(place, ask):
    place.add(1, topics=["garbage"], area="honcho")
    place.add(2, topics=["garbage"], area="minami")
    place.add(3, topics=["garbage"])
    place.add(4, area="honcho")
    place.add(5)
    place.add(6, topics=["garbage"], area="honcho", follows=False)
    place.add(7, topics=["city"])
    found = ask(explain, {"all": [HONCHO, GARBAGE]})
    assert (found.chosen, found.everybody) == (1, 7)
    assert [(one.says, one.people) for one in found.left_out] == [
        ("ブロックした人、友だちではない人", 1),
        ("お知らせの受け取り設定が、まだの人", 1),
        ("「お住まいの地域」に答えていない人", 1),
        ("「受け取りたいお知らせ」に答えていない人", 1),
        ("条件にあてはまらない人", 2),  # 7 has another topic: their area does not matter
    ]
    found = ask(explain, {"followed": {"days": 3}})
    assert ("友だちになった日が、わからない人", 5) in [(o.says, o.people) for o in found.left_out]


def test_no_group_of_fewer_than_50_is_given_nor_can_be_found_by_subtraction(place, ask):
    def add(db):
        for n in range(1, 181):
            area = "honcho" if n <= 100 else "minami" if n <= 175 else "ekimae"
            place.add_in(db, n, topics=["garbage"], **({"area": area} if n != 180 else {}))

    place.write(add)
    found = {one.label: one.says for one in ask(bands, GARBAGE, "segment/area")}
    few = "50人未満"
    assert found == {"本町": "100人", "駅前": few, "南町": "75人", "未回答": few}
    place.write(write_profile, 180, "segment", {"area": "ekimae"}, NOW)
    place.write(lambda db: db.execute(delete(resident).where(resident.c.id.between(176, 180))))
    place.write(lambda db: [place.add_in(db, n, topics=["garbage"]) for n in range(200, 260)])
    found = {one.label: one.says for one in ask(bands, GARBAGE, "segment/area")}
    assert found == {"本町": "100人", "駅前": few, "南町": "75人", "未回答": few}
    assert {one.people for one in ask(bands, HONCHO | {"in": ["ekimae"]}, "segment/topics")} == {
        None
    }


def test_ids_come_in_slices_of_one_moment(place, criteria):
    place.write(lambda db: [place.add_in(db, n) for n in range(1, 1204)])
    condition = read_condition(EVERYONE, criteria)

    async def stream():
        sizes, ids = [], []
        async for some in stream_ids(place.store.read, condition, criteria, NOW):
            if not sizes:  # whoever comes or goes meanwhile is not in it
                await place.store.write(
                    lambda db: db.execute(delete(resident).where(resident.c.id > 1000))
                )
                await place.store.write(lambda db: place.add_in(db, 5000))
            sizes.append(len(some))
            ids += some
        return sizes, ids

    sizes, ids = place.run(stream())
    assert sizes == [500, 500, 203]
    assert ids == list(range(1, 1204))


def test_one_resident_can_be_asked_for(place, ask):
    place.add(1, topics=["garbage"])
    place.add(2, topics=["city"])
    assert ask(matches, GARBAGE, 1)
    assert not ask(matches, GARBAGE, 2)
    assert not ask(matches, GARBAGE, 3)


def test_lines_own_count_stands_beside_ours(place):
    for number in range(1, 98):
        place.add(number)
    assert place.read(count_friends).at_line is None
    row = {"started": NOW, "line_count": 99, "line_day": "20260614"}
    place.write(lambda db: db.execute(insert(follower_import).values(**row)))
    place.write(lambda db: db.execute(insert(follower_import).values(started=NOW)))
    friends = place.read(count_friends)
    assert (friends.ours, friends.at_line, friends.day) == (97, 99, "20260614")
    assert friends.are_missing  # 97 of 99 are 2.02 % too few
    place.add(98)
    assert not place.read(count_friends).are_missing


# Sentences.


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (EVERYONE, "友だち全員"),
        ({"all": [HONCHO | {"in": ["honcho", "ekimae"]}, BABY]},
         "本町か駅前に住む人で、お子さんが3〜4か月"),
        ({"any": [GARBAGE, {"all": [HONCHO, {"not": BABY}]}]},
         "「ごみ」をえらんだ人、または（本町に住む人で、「お子さんが3〜4か月」にあてはまらない人）"),
        ({"not": GARBAGE}, "「『ごみ』をえらんだ人」にあてはまらない人"),
        ({"field": "segment/sex", "unanswered": True}, "「性別」に答えていない人"),
        ({"not": {"field": "segment/sex", "unanswered": True}}, "「性別」に答えた人"),
        ({"field": "segment/children", "from": "2020-04-02", "to": "2021-04-01"},
         "お子さんが2020年4月2日から2021年4月1日まで生まれ"),
        (BABY | {"age": {"from": {"months": 6}, "to": {"years": 1}}}, "お子さんが6か月〜1歳"),
        ({"followed": {"days": 30}}, "この30日のあいだに友だちになった人"),
        ({"audience": "segment/changed", "with": {"days": 7}},
         "この7日のあいだに設定を変えた人"),
    ],
)  # fmt: skip
def test_a_condition_is_a_sentence(criteria, tree, says):
    assert describe(read_condition(tree, criteria), criteria) == says


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ([], '条件は {"all": […]} のように書いてください。'),
        ({}, "1つだけを書いてください"),
        ({"all": []}, "all：条件を1つ以上"),
        ({"all": [EVERYONE], "any": [EVERYONE]}, "1つだけを書いてください"),
        ({"all": [HONCHO, {"field": "segment/areaa", "in": ["honcho"]}]},
         "all[1].field：「segment/areaa」という項目はありません"),
        ({"field": "segment/area", "in": ["mura"]}, "に「mura」は、もうありません"),
        ({"field": "segment/area", "in": []}, "1つ以上えらんでください"),
        ({"field": "segment/area", "in": "honcho"}, "1つ以上えらんでください"),
        ({"field": "segment/area", "in": ["honcho"], "unanswered": True}, "うち、1つだけ"),
        ({"field": "segment/area", "in": ["honcho"], "or": 1}, "「or」は、fieldといっしょに"),
        ({"field": "segment/area", "age": {}}, "「お住まいの地域」には、in を使ってください"),
        ({"field": "segment/children", "in": ["a"]}, "age か from と to を使ってください"),
        ({"field": "segment/children", "age": {"from": {"months": 5}, "to": {"months": 4}}},
         "入れかえてください"),
        ({"field": "segment/children", "age": {"from": {"months": -1}, "to": {"months": 4}}},
         "field.age.from：0から1,800まで"),
        ({"field": "segment/children", "age": {"from": {"months": True}, "to": {"months": 4}}},
         "0から1,800まで"),
        ({"field": "segment/children", "from": "2026-02-30"}, "「2026-02-30」は日付ではありません"),
        ({"field": "segment/children", "from": "2026-02-03", "to": "2026-01-01"}, "入れかえて"),
        ({"field": "segment/area", "unanswered": False}, "unanswered は true だけです"),
        ({"language": ["xx"]}, "「xx」は使えません"),
        ({"followed": {}}, "片方だけでもかまいません"),
        ({"followed": {"days": 3, "from": "2026-01-01"}}, "いっしょに書けません"),
        ({"audience": "booking/booked"}, "「booking/booked」は、いま使えません"),
        ({"audience": "segment/changed"}, "「日数」を入れてください"),
        ({"audience": "segment/changed", "with": {"days": 0}}, "1から366まで"),
        ({"audience": "segment/changed", "with": {"days": 3, "x": 1}}, "「x」はありません"),
        ({"any": [EVERYONE] * 201}, "条件は200個まで"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_place(criteria, tree, says):
    with pytest.raises(ConditionError) as refused:
        read_condition(tree, criteria)
    assert says in str(refused.value)


def test_every_mistake_is_said_at_once_and_no_depth_hurts(criteria):
    wrong = {"all": [{"language": ["xx"]}, {"not": {"followed": {}}}, HONCHO]}
    with pytest.raises(ConditionError) as refused:
        read_condition(wrong, criteria)
    assert len(refused.value.problems) == 2
    deep = EVERYONE
    for _ in range(5000):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="入れ子は8段まで"):
        read_condition(deep, criteria)


def test_the_largest_condition_that_is_read_can_be_counted(place, ask):
    place.add(1, topics=["garbage"], area="minami", children=MARCH)
    place.add(2, topics=["city"])
    leaves = [HONCHO, {"not": GARBAGE}, {"not": {"not": HONCHO}}, {"not": BABY}] * 50
    tree = {"any": leaves}
    for n in range(4):
        tree = {"all": [tree]} if n % 2 else {"any": [tree]}
    with pytest.raises(ConditionError, match="入れ子は8段まで"):
        ask(count, {"any": [tree]})
    assert ask(read_ids, tree).tolist() == [2]
    found = ask(explain, tree)
    assert (found.chosen, found.everybody) == (1, 2)


# Names.


def test_conditions_are_kept_under_a_name_with_a_history(place, criteria):
    def make(db):
        return save_audience(db, STAFF, "kosodate", " 3か月  健診 ", baby, NOW)

    baby, honcho = read_condition(BABY, criteria), read_condition(HONCHO, criteria)
    saved = place.write(make)
    assert (saved.name, saved.condition, saved.version) == ("3か月 健診", BABY, 1)
    with pytest.raises(SaveRefused, match="「3か月 健診」という名前は、もうあります"):
        place.write(make)
    place.write(save_audience, STAFF, "koho", "3か月 健診", honcho, NOW)
    changed = place.write(change_audience, STAFF, saved.id, 1, "健診", honcho, NOW)
    assert place.read(find_audience, saved.id) == changed
    with pytest.raises(SaveRefused, match="ほかの人が先に変えた"):
        place.write(change_audience, STAFF, saved.id, 1, "古い", baby, NOW)
    with pytest.raises(SaveRefused, match="名前を60字まで"):
        place.write(change_audience, STAFF, saved.id, 2, " ", baby, NOW)
    assert [one.name for one in place.read(find_audiences)] == ["3か月 健診", "健診"]
    assert [one.name for one in place.read(find_audiences, "kosodate")] == ["健診"]
    assert place.write(remove_audience, STAFF, saved.id)
    assert not place.write(remove_audience, STAFF, saved.id)
    log = place.read(lambda db: db.execute(select(audit).order_by(audit.c.id)).all())
    mine = [
        (one.action, one.detail["version"]) for one in log if one.object == f"audience:{saved.id}"
    ]
    assert mine == [("audience.save", 1), ("audience.change", 2), ("audience.remove", 2)]
