"""What staff are told before they change what residents choose from, on both databases."""

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from madoguchi.cli import app
from madoguchi.testing import TestResident
from madoguchi_segment.consequences import affected
from madoguchi_segment.items import Topic, find

PAGE = "/mihon/liff/form/segment/settings"
TOPICS = [{"id": f"t{n:02}", "label": f"お知らせ{n}"} for n in range(30)]
AREAS = [
    {"id": "honcho", "label": "本町", "school": "本町小"},
    {"id": "minami", "label": "南町", "school": "南小"},
]
ADVICE = 'かわりに retired = true か into = "…" と書いてください。'


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request, make_town):
    options = {}
    if request.param == "postgresql":
        options["database_url"] = request.getfixturevalue("postgres")
    plugins = {"liff": {}, "segment": {"settings": {"topics": TOPICS, "areas": AREAS}}}
    return make_town(plugins, **options)


@pytest.fixture
def command(town, tmp_path, monkeypatch, redis_url):
    """Run `madoguchi settings …` beside the town."""
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("MIHON_REDIS", redis_url)
    tables = town.settings()
    tables["store"] = tables.get("store", {}) | {"redis_url": {"env": "MIHON_REDIS"}}
    (folder / "mihon.toml").write_text(tomli_w.dumps(tables), "utf-8")

    def run(*words):
        options = ["--config", str(folder), "--data", str(tmp_path)]
        return CliRunner().invoke(app, ["settings", *map(str, words), *options])

    return run


@pytest.fixture
def change(command, tmp_path):
    """Export, let a function change the plugin's table, import that."""

    def change(edit, *options):
        tables = tomllib.loads(command("export").stdout)
        edit(tables["segment"])
        file = tmp_path / "change.toml"
        file.write_text(tomli_w.dumps(tables), "utf-8")
        return command("import", file, *options)

    return change


def choose(town, row, *values):
    """Somebody new answers a row on the page."""
    resident = TestResident(town)
    answer(resident, row, *values)
    return resident


def answer(resident, row, *values):
    resident.opens("/liff/form/segment/settings")
    page = resident.browser.posts(f"{PAGE}?q={row}", [(row, value) for value in values])
    assert "保存しました" in page


def topic(table, id):
    return next(one for one in table["topics"] if one["id"] == id)


def edit_topic(id, **keys):
    return lambda table: topic(table, id).update(keys)


def drop(name, id):
    def edit(table):
        table[name] = [one for one in table[name] if one["id"] != id]

    return edit


def said(result):
    """The lines of a command that went well, without the last one, which counts them."""
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()[:-1]


def test_of_thirty_topics_each_change_says_whom_it_touches(town, change, command):
    choose(town, "topics", "t01", "t02", "t03", "t04")
    choose(town, "topics", "t01", "t02")
    choose(town, "topics", *[one["id"] for one in TOPICS])

    def edit(table):
        edit_topic("t01", label="広報紙")(table)
        edit_topic("t02", into="t03")(table)
        edit_topic("t04", retired=True)(table)
        edit_topic("t05", hint="月に1回")(table)
        table["topics"].append({"id": "new", "label": "新しい"})

    dry = change(edit, "--dry-run")
    assert said(dry) == [
        '[segment.topics "t01"] label: "お知らせ1" → "広報紙"',
        "    「お知らせ1」は「広報紙」に変わります。「広報紙」をえらんだ3人の答えは残ります。",
        '[segment.topics "t02"] into: nothing → "t03"',
        "    「お知らせ2」をえらんだ3人の答えは、これから「お知らせ3」として数えます。",
        '[segment.topics "t04"] retired: false → true',
        "    「お知らせ4」は、もうえらべません。「お知らせ4」をえらんだ2人の答えは残ります。",
        '[segment.topics "t05"] hint: nothing → "月に1回"',
        '[segment] topics "new": added {id = "new", label = "新しい", hint = nothing,'
        " retired = false, into = nothing}",
    ]
    assert dry.stdout.splitlines()[-1] == "this would change: 5"
    assert "version 2" not in command("history", "segment").stdout
    real = change(edit)
    assert said(real) == said(dry)
    assert real.stdout.splitlines()[-1] == "changed: 5"
    history = command("history", "segment").stdout.splitlines()
    assert history[1:9] == [f"    {line}" for line in said(dry)]


def test_all_thirty_at_once(town, change):
    choose(town, "topics", *[one["id"] for one in TOPICS])

    def edit(table):
        for one in table["topics"]:
            one["label"] = {"ja": one["label"], "en": "News"}

    lines = said(change(edit, "--dry-run"))
    assert lines[1::2] == [f"    「お知らせ{n}」をえらんだ1人の答えは残ります。" for n in range(30)]


def test_what_somebody_chose_cannot_be_taken_out(town, change, command):
    choose(town, "topics", "t07")

    def edit(table):
        drop("topics", "t07")(table)
        drop("topics", "t08")(table)
        edit_topic("t01", label="広報紙")(table)

    for options in (["--dry-run"], []):
        result = change(edit, *options)
        assert (result.exit_code, result.stdout) == (1, "")
        place = 'change.toml [segment] topics "t07": '
        (line,) = result.stderr.splitlines()
        assert line.endswith(f"{place}「お知らせ7」は1人がえらんでいるので、消せません。{ADVICE}")
    assert "version 2" not in command("history", "segment").stdout
    lines = said(change(drop("topics", "t08")))
    assert lines[1:] == ["    「お知らせ8」をえらんだ人はいません。"]


def test_nobody_slips_in_between_the_dry_run_and_the_change(town, change):
    edit = drop("topics", "t09")
    assert said(change(edit, "--dry-run"))[1:] == ["    「お知らせ9」をえらんだ人はいません。"]
    choose(town, "topics", "t09")
    assert "消せません" in change(edit).stderr


def test_a_chain_of_merges_counts_everybody_once(town, change, command):
    hanako = choose(town, "topics", "t01", "t02")
    choose(town, "topics", "t02")
    choose(town, "topics", "t03")
    assert said(change(edit_topic("t01", into="t02")))[1:] == [
        "    「お知らせ1」をえらんだ1人の答えは、これから「お知らせ2」として数えます。"
    ]
    assert said(change(edit_topic("t02", into="t03")))[1:] == [
        "    「お知らせ2」をえらんだ2人の答えは、これから「お知らせ3」として数えます。"
    ]
    assert said(change(edit_topic("t03", retired=True)))[1:] == [
        "    「お知らせ3」は、もうえらべません。「お知らせ3」をえらんだ3人の答えは残ります。"
    ]

    def edit(table):
        drop("topics", "t02")(table)
        edit_topic("t01", into="t03")(table)

    assert "「お知らせ2」は2人がえらんでいるので、消せません" in change(edit).stderr
    assert said(change(edit_topic("t04", into="t03")))[1:] == [
        "    「お知らせ4」をえらんだ0人の答えは、これから「お知らせ3」として数えます。"
        "「お知らせ3」は、もうえらべません。"
    ]
    assert command("undo", "segment", "--to", "1").exit_code == 0
    page = hanako.opens("/liff/form/segment/settings")
    assert '<span class="now">お知らせ1、お知らせ2</span>' in page


def test_undo_says_what_it_means_too(town, change, command):
    choose(town, "topics", "t01")
    choose(town, "topics", "t02")
    change(edit_topic("t01", into="t02"))
    dry = command("undo", "segment", "--dry-run")
    assert said(dry)[1:] == [
        "    「お知らせ1」をえらんだ1人の答えは、また「お知らせ1」として数えます。"
    ]
    assert said(command("undo", "segment")) == said(dry)
    change(edit_topic("t01", retired=True))
    assert said(command("undo", "segment"))[1:] == [
        "    「お知らせ1」をまたえらべます。前にえらんだ1人の答えも数えます。"
    ]
    change(lambda table: table["topics"].append({"id": "new", "label": "新しい"}))
    choose(town, "topics", "new")
    result = command("undo", "segment")
    assert result.exit_code == 1
    assert "「新しい」は1人がえらんでいるので、消せません" in result.stderr


def test_areas_ages_and_rows(town, change):
    hanako = choose(town, "area", "honcho")
    answer(hanako, "sex", "unsaid")
    answer(hanako, "age", "65")
    taro = choose(town, "area", "minami")
    answer(taro, "sex", "male")

    def edit(table):
        table["areas"][0]["school"] = "中央小"
        table["areas"][1]["into"] = "honcho"
        table["ages"][-1]["retired"] = True
        table["rows"] = ["living", "area", "age"]

    lines = said(change(edit))
    assert [line for line in lines if line[0] == " "] == [
        "    「本町」をえらんだ2人の学校区が変わります（本町小 → 中央小）。",
        "    「南町」をえらんだ1人の答えは、これから「本町」として数えます。",
        "    「65歳から」は、もうえらべません。「65歳から」をえらんだ1人は、"
        "答えていない人として数えます。",
        "    「性別」は、もう聞きません。答えた2人の答えは、消されるまで残ります。",
        "    「お子さんの生年月日」は、もう聞きません。答えた人はいません。",
    ]
    assert lines[-2:] == [line for line in lines if line[0] == " "][-2:]
    assert "「南町」は1人がえらんでいるので" in change(drop("areas", "minami")).stderr

    def back(table):
        table["rows"] = ["living", "area", "age", "sex", "children"]

    assert said(change(back))[-1] == ("    「性別」をまた聞きます。前に答えた2人の答えを使います。")


def test_a_change_of_other_settings_says_nothing(town, change):
    lines = said(change(lambda table: table["purpose"].update(who="広報課です。")))
    assert [line[0] for line in lines] == ["["]


def test_without_a_worker_the_command_is_told_the_same(town, change):
    choose(town, "topics", "t07")
    town.stop_worker()
    assert "1人がえらんでいるので" in change(drop("topics", "t07")).stderr
    assert "1人の答えは残ります" in change(edit_topic("t07", label="広報紙")).stdout
    town.start_worker()


# Whom a change is about

IDS = "abcde"


@st.composite
def states(draw):
    """Some of five topics, each merged into a later one, or not."""
    there = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1).map(sorted))
    into = {id: draw(st.sampled_from([None, *there[n + 1 :]])) for n, id in enumerate(there)}
    return [Topic(id=id, label=id, into=into[id]) for id in there]


@given(states(), states())
def test_whoever_counts_for_another_item_is_counted(before, after):
    groups = affected(before, after)
    for id in IDS:
        old, new = find(before, id), find(after, id)
        moved = (old and old.id) != (new and new.id)
        assert not moved or any(id in ids for ids in groups.values())
    assert all(id in ids for id, ids in groups.items())
