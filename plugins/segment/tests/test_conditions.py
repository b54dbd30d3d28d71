"""Conditions on both databases: unknown is not no, and the SQL agrees with a plain filter.

The filter below is written anew, from the words of the design: it shares nothing with the code.
"""

from array import array
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from madoguchi import JST
from madoguchi.tables import resident
from madoguchi_segment.audiences import (
    Age,
    count,
    describe,
    explain,
    read_condition,
    read_ids,
    write_condition,
)
from madoguchi_segment.audiences.ages import birthday, born_between
from madoguchi_segment.audiences.compiling import open_compiler
from madoguchi_segment.audiences.tables import index

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
TODAY = date(2026, 6, 15)

# Residents.

ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "topics": st.lists(st.sampled_from(["city", "garbage", "trash", "old"]), unique=True),
        "living": st.sampled_from(["in", "out"]),
        "area": st.sampled_from(["honcho", "ekimae", "minami", "mura"]),
        "age": st.sampled_from(["u20", "65"]),
        "sex": st.sampled_from(["female", "male", "unsaid"]),
        "children": st.lists(
            st.dates(date(2025, 6, 1), date(2026, 6, 20)).map(
                lambda day: {"birthdate": day.isoformat()}
            ),
            min_size=1,
            max_size=3,
        ),
    },
)
RESIDENTS = st.lists(
    st.fixed_dictionaries(
        {
            "follows": st.sampled_from([True, True, True, False]),
            "language": st.sampled_from([None, "ja", "en"]),
            "followed_at": st.sampled_from(
                [None, NOW - timedelta(days=400), NOW - timedelta(days=3)]
            ),
            "answers": ANSWERS,
        }
    ),
    min_size=1,
    max_size=8,
)

# Conditions, as JSON.


def chosen(field, values):
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
    return st.builds(lambda v: {"field": f"segment/{field}", "in": v}, some)


FIELDS = ["topics", "living", "area", "school", "age", "sex", "children"]
AGES = st.lists(st.integers(0, 14), min_size=2, max_size=2).map(sorted)
LEAVES = st.one_of(
    st.just({"everyone": True}),
    chosen("topics", ["city", "garbage"]),
    chosen("living", ["in", "out"]),
    chosen("area", ["honcho", "ekimae", "minami"]),
    chosen("school", ["本町小", "南小"]),
    chosen("age", ["u20", "20s", "65"]),
    chosen("sex", ["female", "male", "unsaid"]),
    st.sampled_from(FIELDS).map(lambda f: {"field": f"segment/{f}", "unanswered": True}),
    AGES.map(
        lambda a: {
            "field": "segment/children",
            "age": {"from": {"months": a[0]}, "to": {"months": a[1]}},
        }
    ),
    AGES.map(
        lambda a: {
            "field": "segment/children",
            "age": {"from": {"days": a[0] * 20}, "to": {"days": a[1] * 20}},
        }
    ),
    st.just({"field": "segment/children", "from": "2025-12-01", "to": "2026-03-31"}),
    st.sampled_from([["ja"], ["en"], ["ja", "en"]]).map(lambda v: {"language": v}),
    st.sampled_from([{"days": 30}, {"from": "2026-06-01"}, {"to": "2026-01-01"}]).map(
        lambda v: {"followed": v}
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"all": v}),
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"any": v}),
        inner.map(lambda v: {"not": v}),
    ),
    max_leaves=6,
).filter(lambda tree: depth(tree) <= 8)


def depth(tree):
    inner = [*tree.get("all", ()), *tree.get("any", ()), *([tree["not"]] if "not" in tree else ())]
    return 1 + max(map(depth, inner), default=0)


# The plain filter: True, False, or None where it cannot be known.

SCHOOLS = {"honcho": "本町小", "ekimae": "本町小", "minami": "南小"}


def answer_of(person, field):
    """What a resident answered, as it counts now; None if nothing does."""
    found = person["answers"].get({"school": "area"}.get(field, field))
    if field == "topics" and found is not None:
        return ["garbage" if one == "trash" else one for one in found]
    if field in ("area", "school") and found == "mura":
        return None
    if field == "school" and found is not None:
        return SCHOOLS[found]
    return found


def months_old(born, today):
    whole = (today.year - born.year) * 12 + today.month - born.month
    return whole - (today.day < born.day)


def judge(tree, person):
    """Whether a condition holds of a friend; None is unknown."""
    if "everyone" in tree:
        return True
    if "not" in tree:
        found = judge(tree["not"], person)
        return None if found is None else not found
    if "all" in tree:
        found = [judge(one, person) for one in tree["all"]]
        return False if False in found else None if None in found else True
    if "any" in tree:
        found = [judge(one, person) for one in tree["any"]]
        return True if True in found else None if None in found else False
    if not person["answers"]:
        return None  # friends without settings: by 全員 only
    if "language" in tree:
        return None if person["language"] is None else person["language"] in tree["language"]
    if "followed" in tree:
        return judge_day(tree["followed"], person["followed_at"])
    answer = answer_of(person, tree["field"].partition("/")[2])
    if "unanswered" in tree:
        return answer is None
    if answer is None:
        return None
    if "in" in tree:
        given = answer if isinstance(answer, list) else [answer]
        return bool(set(given) & set(tree["in"]))
    return any(judge_birth(tree, date.fromisoformat(one["birthdate"])) for one in answer)


def judge_day(span, at):
    if at is None:
        return None
    day = at.astimezone(JST).date()
    if "days" in span:
        return day >= TODAY - timedelta(days=span["days"])
    return span.get("from", "0") <= day.isoformat() <= span.get("to", "9")


def judge_birth(tree, born):
    if "age" not in tree:
        return tree["from"] <= born.isoformat() <= tree["to"]
    (unit, least), (_, most) = ((*tree["age"][end].items(),)[0] for end in ("from", "to"))
    age = (TODAY - born).days if unit == "days" else months_old(born, TODAY)
    return least <= age <= most


def fill(place, people):
    def fill(db):
        db.execute(delete(resident))
        for number, person in enumerate(people, 1):
            about = {key: person[key] for key in ("follows", "language", "followed_at")}
            place.add_in(db, number, **about, **person["answers"])

    place.write(fill)


once = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@once
@given(people=RESIDENTS, trees=st.lists(TREES, min_size=5, max_size=12))
def test_the_statement_picks_whom_a_plain_filter_picks(place, criteria, people, trees):
    fill(place, people)
    for tree in trees:
        condition = read_condition(tree, criteria)
        assert write_condition(condition) == tree
        wanted = [n for n, one in enumerate(people, 1) if one["follows"] and judge(tree, one)]
        assert place.read(read_ids, condition, criteria, NOW).tolist() == wanted
        assert place.read(count, condition, criteria, NOW) == len(wanted)
        assert place.read(by_profile, condition, criteria).tolist() == wanted
        found = place.read(explain, condition, criteria, NOW)
        assert (found.chosen, found.everybody) == (len(wanted), len(people))
        assert describe(condition, criteria)


def by_profile(db, condition, criteria):
    """The same without the index: by the profile's own JSON."""
    chosen = open_compiler(db, criteria, NOW, is_indexed=False).selects(condition)
    who = index.c.resident_id
    return array("q", db.execute(select(who).where(chosen).order_by(who)).scalars())


VALUES = {
    "topics": [[], ["city"], ["garbage"], ["city", "garbage"]],
    "living": ["in", "out"],
    "area": ["honcho", "ekimae", "minami"],
    "age": ["u20", "20s", "65"],
    "sex": ["female", "male"],
    "children": [[{"birthdate": f"2026-{month:02}-10"}] for month in range(1, 7)],
}


def has_unanswered(tree):
    if "unanswered" in tree:
        return True
    return any(has_unanswered(one) for key in ("all", "any") for one in tree.get(key, ())) or (
        "not" in tree and has_unanswered(tree["not"])
    )


@once
@given(people=RESIDENTS, tree=TREES.filter(lambda tree: not has_unanswered(tree)), data=st.data())
def test_nobody_is_picked_by_what_they_have_not_answered(place, criteria, people, tree, data):
    """Whoever is picked would be picked whatever the missing answers were, under `not` too."""
    fill(place, people)
    condition = read_condition(tree, criteria)
    before = set(place.read(read_ids, condition, criteria, NOW))
    completed = []
    for person in people:
        missing = {
            name: data.draw(st.sampled_from(values))
            for name, values in VALUES.items()
            if answer_of(person, name) is None
        }
        language = person["language"] or data.draw(st.sampled_from(["ja", "en"]))
        followed = person["followed_at"] or NOW - timedelta(days=data.draw(st.integers(0, 500)))
        completed.append(
            {
                **person,
                "answers": {**person["answers"], **missing},
                "language": language,
                "followed_at": followed,
            }
        )
    fill(place, completed)
    after = set(place.read(read_ids, condition, criteria, NOW))
    assert before <= after


ONE_OF = {
    "topics": "city",
    "living": "in",
    "area": "honcho",
    "school": "南小",
    "age": "65",
    "sex": "female",
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_without_an_answer_picks_nobody(place, criteria, field):
    place.add(1, **({"sex": "male"} if field == "topics" else {"topics": ["city"]}))
    ages = {"from": {"years": 0}, "to": {"years": 17}}
    leaf = {"field": f"segment/{field}"}
    leaf |= {"age": ages} if field == "children" else {"in": [ONE_OF[field]]}
    for tree in (leaf, {"not": leaf}, {"not": {"not": leaf}}, {"not": {"all": [leaf, leaf]}}):
        assert place.read(count, read_condition(tree, criteria), criteria, NOW) == 0
    unanswered = {"field": f"segment/{field}", "unanswered": True}
    assert place.read(count, read_condition(unanswered, criteria), criteria, NOW) == 1


# Days.


@pytest.mark.parametrize(
    ("today", "born", "months"),
    [
        ("2026-06-15", "2026-03-15", 3),
        ("2026-06-14", "2026-03-15", 2),
        ("2026-02-28", "2025-11-30", 2),  # February has no 30th: three months on 1 March
        ("2026-03-01", "2025-11-30", 3),
        ("2025-02-28", "2024-02-29", 11),  # a year old on 1 March in a common year
        ("2025-03-01", "2024-02-29", 12),
        ("2028-02-28", "2024-02-29", 47),
        ("2028-02-29", "2024-02-29", 48),
        ("2026-01-01", "2025-12-31", 0),
        ("2026-01-31", "2025-12-31", 1),
    ],
)
def test_whole_months_end_where_the_law_says(today, born, months):
    day, birth = date.fromisoformat(today), date.fromisoformat(born)
    first, last = born_between(day, Age(months, "months"), Age(months, "months"))
    assert first <= birth <= last
    assert (
        birthday(birth, Age(months, "months")) <= day < birthday(birth, Age(months + 1, "months"))
    )


@given(
    born=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    days=st.integers(0, 8000),
    unit=st.sampled_from(["days", "months", "years"]),
    number=st.integers(0, 20),
)
def test_who_has_an_age_is_who_was_born_between(born, days, unit, number):
    today, age = born + timedelta(days=days), Age(number, unit)
    first, last = born_between(today, age, age)
    is_that_old = birthday(born, age) <= today < birthday(born, Age(number + 1, unit))
    assert (first <= born <= last) == is_that_old


def test_the_day_is_tokyos(place, criteria):
    place.add(1, children=[{"birthdate": "2026-03-16"}, {"birthdate": "2020-01-01"}])
    tree = {"field": "segment/children", "age": {"from": {"months": 3}, "to": {"months": 4}}}
    condition = read_condition(tree, criteria)
    late = datetime(2026, 6, 15, 23, 59, tzinfo=JST)
    assert place.read(count, condition, criteria, late) == 0
    assert place.read(count, condition, criteria, late + timedelta(minutes=2)) == 1
