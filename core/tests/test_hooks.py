"""Every hook of the contract, by its name: what it is given, what it may return, and that what
goes wrong in one plugin is that plugin's alone."""

import json
import logging
import re
import time
from pathlib import Path

import pytest

from madoguchi import hookspecs, privacy
from madoguchi.audit import Actor
from madoguchi.commands import run_unit
from madoguchi.errors import ConfigError, MadoguchiError
from madoguchi.export import export

MISMATCH = "@hookimpl\ndef {hook}():\n    return {value}\n"
ECHO = """
from madoguchi import Fit, Offer, hookimpl

@hookimpl
def offer_for_message(text):
    if text == "元気ですか":
        return Offer(lambda ctx: "元気です。", Fit.EXACT, label="元気")
"""
"""A plugin that always works, beside the one under test."""


@pytest.fixture
def beside(install_plugin, make_town):
    """Start a town with the plugin `toy` of the given source, and `echo` beside it."""

    def start(source, table=None, **files):
        install_plugin("echo", ECHO)
        header = "from madoguchi import *\nfrom madoguchi import hookimpl\n"
        install_plugin("toy", {"__init__.py": header + source} | files)
        return make_town(plugins={"toy": table or {}, "echo": {}})

    return start


@pytest.fixture
def speak():
    from madoguchi.testing import TestResident

    return TestResident


def trouble(town, name="toy"):
    return town.running.services.plugins.all[name].trouble


def assert_others_go_on(town, speak):
    assert trouble(town, "echo") is None
    assert speak(town).says("元気ですか") == ["元気です。"]


def test_each_hook_has_its_test():
    tests = set(re.findall(r"^def test_hook_(\w+)\(", Path(__file__).read_text("utf-8"), re.M))
    assert set(hookspecs.KINDS) <= tests


def test_hook_plugin_info(beside):
    town = beside('@hookimpl\ndef plugin_info():\n    return PluginInfo("おもちゃ", "試すため")\n')
    plugins = town.running.services.plugins.all
    assert (plugins["toy"].info.label, plugins["toy"].info.summary) == ("おもちゃ", "試すため")
    assert plugins["toy"].version == "1.0"
    assert plugins["echo"].info.label == "echo"


def test_hook_register_jobs(beside):
    town = beside(
        """
@hookimpl
def register_jobs(config, settings):
    return [Job("work", Daily("03:30"), print)]
"""
    )
    plugin = town.running.services.plugins.all["toy"]
    assert [(job.name, str(job.schedule)) for job in plugin.collected.jobs] == [("work", "03:30")]


def test_hook_register_permissions(beside):
    permit = (
        '@hookimpl\ndef register_permissions():\n    return [Permission("{}", "書くことができ")]\n'
    )
    plugin = beside(permit.format("toy.write")).running.services.plugins.all["toy"]
    assert [one.name for one in plugin.permissions] == ["toy.write"]


@pytest.mark.parametrize(
    ("name", "label"),
    [("other.write", "書くことができ"), ("toy", "書くことができ"), ("toy.write", "書ける")],
)
def test_a_permission_that_is_not_the_plugins_own_quarantines_it(beside, speak, name, label):
    made = f'Permission("{name}", "{label}")'
    town = beside(f"@hookimpl\ndef register_permissions():\n    return [{made}]\n")
    assert name in trouble(town) or label in trouble(town)
    assert_others_go_on(town, speak)


def test_hook_register_commands(beside):
    town = beside(
        """
def count(db, words):
    return len(words)

@hookimpl
def register_commands():
    return {"count": count}
"""
    )
    every, store = town.running.services.plugins.all, town.running.store
    assert town.wait(run_unit(store, every, "toy", "count", {"words": "abc"})) == 3
    with pytest.raises(MadoguchiError, match="no command other"):
        town.wait(run_unit(store, every, "toy", "other", {}))
    with pytest.raises(MadoguchiError, match="switch it on there"):
        town.wait(run_unit(store, every, "nobody", "count", {}))


def test_hook_register_menu_items(beside, speak):
    town = beside(
        """
@hookimpl
def register_menu_items(config, settings):
    return [MenuItem("図書館", says="図書館")]
"""
    )
    (menu,) = speak(town).says("メニュー")
    assert "・図書館" in menu["text"]


FIELDS = """
@hookimpl
def register_profile_fields(config, settings):
    return [ProfileField("pets", "動物", "choices", [FieldOption("dog", "犬")])]
"""
AUDIENCES = """
from sqlalchemy import select
from madoguchi.tables import resident
@hookimpl
def register_audiences(config, settings):
    def met(now):
        return select(resident.c.id).where(resident.c.first_seen <= now)
    return [Audience("met", "会った人", met)]
"""


def test_hook_register_profile_fields(beside, speak):
    town = beside(FIELDS)
    plugins = town.running.services.plugins.all
    assert plugins["echo"].criteria.fields["toy/pets"].option("dog").label == "犬"
    plugins["toy"].quarantine("a reason")
    assert plugins["echo"].criteria.fields == {}
    assert_others_go_on(town, speak)


def test_hook_register_audiences(beside):
    town = beside(AUDIENCES)
    declared = town.running.services.plugins.all["echo"].criteria.audiences["toy/met"]
    assert (declared.label, list(declared.parameters)) == ("会った人", [])


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (FIELDS.replace(', [FieldOption("dog", "犬")]', ""), "give it options"),
        (FIELDS.replace('"choices"', '"text"'), "a field's kind is one of choice"),
        (FIELDS.replace('"動物",', '"動物", phrase="人", kind=').replace('kind= "', 'kind="')
            .replace(", [", ", options=["), "is written with {answer}"),
        (FIELDS.replace('"犬")', '"犬"), FieldOption("cat", "猫", ("dog",))'), "is there twice"),
        (AUDIENCES.replace(", met)", ", None)"), "select is a function"),
    ],
)  # fmt: skip
def test_what_residents_can_be_picked_by_is_checked(beside, speak, declared, said):
    town = beside(declared)
    assert said in trouble(town)
    assert_others_go_on(town, speak)


FORM = """
from madoguchi.forms import Form, Text
@hookimpl
def register_forms(config, settings):
    return [Form("ask", "おたずね", [Text("word", "なんですか")], answer), *MORE]
def answer(db, submission):
    return submission.answers["word"]
@hookimpl
def register_postbacks():
    return {"ask": ask}
async def ask(ctx):
    return await ctx.open_form("ask")
"""


def test_hook_register_forms(beside, speak):
    town = beside(FORM.replace("*MORE", ""))
    assert [form.name for form in town.running.services.plugins.all["toy"].collected.forms] == [
        "ask"
    ]
    found = town.running.services.plugins.find_form("toy/ask")
    assert found is not None
    assert found[1].title == "おたずね"
    assert town.running.services.plugins.find_form("toy/other") is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("'a form'", "returned a str among its Forms"),
        ("Form('ask', 'また', [Text('word', '?')], answer)", "'ask' stands there twice"),
        ("Form('two', '?', [Text('w', '?'), Text('w', '?')], answer)", "two questions"),
    ],
)
def test_forms_are_checked_when_they_are_collected(beside, speak, more, said):
    town = beside(FORM.replace("*MORE", more))
    assert said in trouble(town)
    assert_others_go_on(town, speak)


def test_hook_settings_model(beside):
    town = beside(
        """
from pydantic import BaseModel
class Settings(BaseModel):
    words: list[str]
    hour: int = 9
@hookimpl
def settings_model():
    return Settings
""",
        {"settings": {"words": ["電池"]}},
    )
    plugin = town.running.services.plugins.all["toy"]
    assert (plugin.settings.words, plugin.settings.hour) == (["電池"], 9)
    assert plugin.collected.version == 1


def test_hook_review_settings(beside, speak):
    town = beside(
        """
from pydantic import BaseModel
from sqlalchemy import text
class Settings(BaseModel):
    hour: int = 9
@hookimpl
def settings_model():
    return Settings
@hookimpl
def review_settings(db, before, after):
    count = db.scalar(text("SELECT count(*) FROM resident"))
    says = f"{before.hour}から{after.hour}へ、{count}人。"
    return [Consequence(says, "hour", refused=after.hour > 12)]
"""
    )
    resident = speak(town)
    plugin, live = town.running.services.plugins.all["toy"], town.running.services.live

    def change(hour):
        return town.wait(
            live.change({"toy": {"hour": hour}}, {}, Actor("staff", "1", "x"), "", "a.toml")
        )

    assert change(10) == ["[toy] hour: 9 → 10", "    9から10へ、1人。"]
    with pytest.raises(ConfigError, match=r"^a.toml \[toy\] hour: 10から13へ、1人。$"):
        change(13)
    assert plugin.settings.hour == 10
    assert resident.says("元気ですか") == ["元気です。"]


def test_hook_on_change(beside, speak):
    town = beside(
        """
told = []
@hookimpl
def on_change(plugin, name):
    plugin.state = name
def save(db, ctx):
    ctx.plugin.changed(db, "words")
    return "はい。"
@hookimpl
def offer_for_message(ctx, text):
    async def answer(ctx):
        return await ctx.write(save, ctx)
    return Offer(answer, Fit.EXACT, label="x") if text == "変えて" else None
"""
    )
    plugin = town.running.services.plugins.all["toy"]
    assert speak(town).says("変えて") == ["はい。"]
    while plugin.state is None:
        time.sleep(0.01)
    assert plugin.state == "words"


def test_hook_config_model(beside, speak):
    town = beside(
        """
from pydantic import BaseModel
class Settings(BaseModel):
    words: list[str]
    answer: str = "はい"
@hookimpl
def config_model():
    return Settings
@hookimpl
def offer_for_message(ctx, text):
    config = ctx.plugin.config
    if text in config.words:
        return Offer(lambda ctx: config.answer, Fit.EXACT, label="語")
""",
        {"words": ["電池"]},
    )
    assert speak(town).says("電池") == ["はい"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "[plugins.toy] words: is missing"),
        ({"words": "電池"}, "[plugins.toy] words: write a list"),
        ({"words": [], "wrods": []}, "[plugins.toy] wrods: is not a key"),
        ({"words": [], "inner": {"deep": "x"}}, "[plugins.toy.inner] deep: write a whole number"),
        (
            {"words": [], "key": {"env": "MADOGUCHI_TEST_NOT_SET"}},
            "[plugins.toy] key: set the environment variable MADOGUCHI_TEST_NOT_SET",
        ),
    ],
)
def test_hook_config_model_names_file_table_key_found_and_expected(beside, speak, table, said):
    town = beside(
        """
from pydantic import BaseModel
class Inner(BaseModel):
    deep: int = 1
class Settings(BaseModel):
    words: list[str]
    inner: Inner = Inner()
    key: str = ""
@hookimpl
def config_model():
    return Settings
""",
        table,
    )
    assert "mihon.toml [plugins.toy" in trouble(town)
    assert said in trouble(town)
    assert_others_go_on(town, speak)


def test_hook_config_model_is_needed_for_a_table_with_keys(beside):
    assert "[plugins.toy] colour: is not a key" in trouble(beside("", {"colour": "red"}))


MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    {upgrade}
"""
MODELS = """
import sqlalchemy as sa
from pathlib import Path
from madoguchi.store import plugin_metadata
metadata = plugin_metadata("toy")
visit = sa.Table(
    "toy_visit", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.Text, nullable=False),
)
@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")
@hookimpl
def offer_for_message(text):
    return Offer(keep, Fit.PATTERN, label="数える") if text.startswith("数") else None
async def keep(ctx):
    return await ctx.write(save, ctx.event.text)
def save(db, word):
    db.execute(visit.insert().values(word=word))
    count = db.scalar(sa.select(sa.func.count()).select_from(visit))
    if word == "数えない":
        raise ValueError("taken back")
    return f"{count}回目です。"
"""
MAKE_TABLE = """op.create_table(
        "toy_visit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("word", sa.Text, nullable=False),
    )"""


def test_hook_register_models(beside, speak):
    files = {"migrations/0001_first.py": MIGRATION.format(upgrade=MAKE_TABLE)}
    resident = speak(beside(MODELS, **files))
    assert resident.says("数える") == ["1回目です。"]
    (sorry,) = resident.says("数えない")
    assert "0100-00-0000" in sorry
    assert resident.says("数える") == ["2回目です。"], "the unit that failed left nothing"


def test_hook_register_models_whose_migration_fails(beside, speak):
    files = {"migrations/0001_first.py": MIGRATION.format(upgrade='raise ValueError("broken")')}
    town = beside(MODELS, **files)
    assert "toy: migration 0001 failed" in trouble(town)
    assert "broken" in trouble(town)
    assert speak(town).says("数える") != ["1回目です。"]
    assert_others_go_on(town, speak)


def test_hook_register_postbacks(beside, speak):
    town = beside("""
@hookimpl
def register_postbacks():
    return {"cancel": cancel}
@hookimpl
def offer_for_message(text):
    return Offer(ask, Fit.EXACT, label="予約") if text == "予約" else None
def ask(ctx):
    cancel = "toy:cancel?id=7&day=%E6%9C%88"
    buttons = [("やめる", cancel), ("ほか", "toy:other"), ("誰", "nobody:x")]
    items = [
        {"type": "action", "action": {"type": "postback", "label": label, "data": data}}
        for label, data in buttons
    ]
    return {"type": "text", "text": "どうしますか。", "quickReply": {"items": items}}
async def cancel(ctx):
    return f"{ctx.args['id']}番（{ctx.args['day']}）を取り消しました。"
""")
    resident = speak(town)
    resident.says("予約")
    assert resident.taps("やめる") == ["7番（月）を取り消しました。"]
    for unknown in ("ほか", "誰"):
        assert "お答えできませんでした。" in resident.taps(unknown)[0]


def test_hook_register_pages(beside, speak, caplog):
    caplog.set_level(logging.INFO)
    town = beside(
        """
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route
class NewPage:
    pass
async def inside(request):
    return PlainTextResponse("inside")
async def hours(request):
    return request.state.page.render("hours.html", name="<中央>")
def plain(request):
    return PlainTextResponse("from a thread")
async def gone(request):
    raise HTTPException(404)
async def broken(request):
    raise SystemExit(3)
@hookimpl
def register_pages(config):
    return [
        OpenPage("/hours", hours),
        OpenPage("/plain", plain, methods=("GET", "POST")),
        OpenPage("/gone", gone),
        OpenPage("/broken", broken),
        Mount("/app", Starlette(routes=[Route("/x", inside)])),
        NewPage(),
    ]
""",
        **{
            "templates/toy/hours.html": '<!doctype html><html lang="ja"><title>時間</title>'
            "<h1>{{ name }}の{{ city.label }}</h1></html>",
        },
    )
    resident = speak(town)
    assert "<h1>&lt;中央&gt;の見本市</h1>" in resident.opens("/toy/hours")
    assert resident.opens("/toy/plain").html == "from a thread"
    assert resident.opens("/toy/app/x").html == "inside"
    assert resident.opens("/toy/gone").status == 404
    assert resident.opens("/toy/broken").status == 500
    assert resident.opens("/toy/hours").status == 200, "sys.exit() ended only its own page"
    ignored = [r.getMessage() for r in caplog.records if "NewPage" in r.getMessage()]
    assert ignored == ["nobody consumes pages of type NewPage"]
    assert trouble(town) is None


def test_hook_register_page_types(beside, speak):
    """More of it in test_pages.py."""
    town = beside(
        """
from dataclasses import dataclass
from starlette.responses import PlainTextResponse
@dataclass(frozen=True)
class Pane:
    path: str
    endpoint: object
    methods: tuple = ("GET",)
def show(request):
    return PlainTextResponse("through the pane")
@hookimpl
def register_page_types():
    return {Pane: lambda item, page: lambda request: page.run(item.endpoint, request)}
@hookimpl
def register_pages():
    return [Pane("/pane", show)]
""",
    )
    assert speak(town).opens("/toy/pane").html == "through the pane"


@pytest.mark.parametrize("page", ['OpenPage("hours", print)', 'OpenPage("/{a}/{a}", print)'])
def test_hook_register_pages_that_cannot_be_routed(beside, speak, page):
    town = beside(f"@hookimpl\ndef register_pages(config):\n    return [{page}]\n")
    assert trouble(town).startswith("register_pages: ")
    assert_others_go_on(town, speak)


def test_hook_lifespan(beside, speak, tmp_path):
    town = beside(f"""
from contextlib import asynccontextmanager
from pathlib import Path
@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    plugin.state = ["開館", plugin.name, plugin.gateway]
    yield
    Path({str(tmp_path)!r}, "ended").write_text("yes")
@hookimpl
def offer_for_message(ctx, text):
    state = ctx.plugin.state
    return Offer(lambda ctx: " ".join(state), Fit.EXACT, label="状態") if text == "状態" else None
""")
    assert speak(town).says("状態") == ["開館 toy mihon"]
    town.stop_worker()
    assert (tmp_path / "ended").read_text() == "yes"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise RuntimeError('no map')\n    yield", "lifespan: RuntimeError: no map"),
        ("raise SystemExit(2)\n    yield", "lifespan: SystemExit: 2"),
        ("await asyncio.sleep(3600)\n    yield", "lifespan: took longer than 0.3 s"),
    ],
)
def test_hook_lifespan_that_fails_or_hangs(beside, speak, monkeypatch, body, said):
    monkeypatch.setattr("madoguchi.plugins.TIME_LIMIT", 0.3)
    town = beside(f"""
import asyncio
from contextlib import asynccontextmanager
@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    {body}
@hookimpl
def offer_for_message(text):
    return Offer(print, Fit.EXACT, label="x")
""")
    assert trouble(town) == said
    assert_others_go_on(town, speak)


def test_hook_offer_for_message(beside, speak):
    town = beside("""
@hookimpl
def offer_for_message(message, text, ctx):
    if message["type"] == "location":
        return Offer(where, Fit.PATTERN, label="場所", data=message["latitude"])
    if text == "A 1":
        return Offer(who, Fit.EXACT, label="だれ")
def where(ctx):
    return f"北緯 {ctx.offer.data} 度"
def who(ctx):
    return f"{ctx.gateway.label} {ctx.resident.follows} {ctx.offer.label} {ctx.event.text!r}"
""")
    resident = speak(town)
    assert resident.sends_location(35.5) == ["北緯 35.5 度"]
    assert resident.says(" Ａ 1") == ["見本市 True だれ ' Ａ 1'"], "offers see one width, trimmed"


@pytest.mark.parametrize(
    "body",
    [
        "raise KeyError(text)",
        "raise SystemExit(1)",
        "return 'an answer'",
        "return Offer('not a function', Fit.EXACT, label='x')",
        "return Offer(print, Fit.SEARCH, label='x', score=7)",
    ],
)
def test_hook_offer_for_message_that_fails_drops_that_offer(beside, speak, body):
    town = beside(f"@hookimpl\ndef offer_for_message(text):\n    {body}\n")
    assert_others_go_on(town, speak)
    assert trouble(town) is None
    assert town.running.services.plugins.all["toy"].last_error.startswith("offer_for_message: ")


COUNT = """
import sqlalchemy as sa
from pathlib import Path
from madoguchi.store import plugin_metadata
metadata = plugin_metadata("{name}")
noted = sa.Table("{name}_noted", metadata, sa.Column("what", sa.Text, nullable=False))
@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")
def save(db, what):
    db.execute(noted.insert().values(what=what))
@hookimpl
{async_}def {hook}({arguments}):
    {await_}
"""
NOTED = 'op.create_table("{name}_noted", sa.Column("what", sa.Text, nullable=False))'


@pytest.fixture
def counting(install_plugin, make_town, speak):
    """Two plugins that note an event, each in its own unit, and one that fails before them."""

    def start(hook, arguments, note):
        header = "from madoguchi import *\nfrom madoguchi import hookimpl\n"
        failing = f"@hookimpl\ndef {hook}(ctx):\n    raise RuntimeError('broken')\n"
        install_plugin("failing", header + failing)
        for name in ("first", "second"):
            source = COUNT.format(
                name=name,
                hook=hook,
                arguments=arguments,
                async_="async ",
                await_=f"await ctx.write(save, {note})",
            )
            migration = MIGRATION.format(upgrade=NOTED.format(name=name))
            files = {"__init__.py": header + source, "migrations/0001_first.py": migration}
            install_plugin(name, files)
        return make_town(plugins={"failing": {}, "first": {}, "second": {}})

    return start


def notes(town):
    return [
        [row[0] for row in town.wait(town.running.store.fetch(f"SELECT what FROM {name}_noted"))]
        for name in ("first", "second")
    ]


def test_hook_on_follow(counting, speak):
    town = counting("on_follow", "ctx", "str(ctx.resident.follows)")
    resident = speak(town)
    assert "見本市です。" in resident.greeting[0]["text"]
    assert notes(town) == [["True"], ["True"]]
    resident.blocks()
    resident.follows()
    assert notes(town) == [["True", "True"], ["True", "True"]]


def test_hook_on_unsend(counting, speak):
    """R13: whoever keeps what residents wrote is told that it was taken back."""
    town = counting("on_unsend", "ctx, message_id", "message_id")
    resident = speak(town)
    resident.says("まちがい")
    sent = next(e["messageId"] for e in resident.chat() if e["from"] == "resident")
    resident.unsends(sent)
    assert notes(town) == [[sent], [sent]]


def test_hook_on_line_event(counting, speak):
    town = counting("on_line_event", "event, ctx", 'f"{event.type} {event.source}"')
    resident = speak(town)
    for event in (
        {"type": "telepathy", "source": {"type": "user", "userId": resident.user_id}},
        {"type": "join", "source": {"type": "group", "groupId": "C" + "1" * 32}},
    ):
        common = {"mode": "active", "timestamp": 1_700_000_000_000}
        id = f"01TEST{event['type'].upper():0<20}"
        events = [{**common, **event, "webhookEventId": id}]
        assert town.wait(town.simulator.send_raw_events(events)).status == 200
        town.wait(town.running.feed.wait_for(id))
    assert notes(town) == [["telepathy user", "join group"]] * 2
    assert town.running.services.plugins.all["failing"].last_error


@pytest.mark.parametrize(
    ("hook", "value", "said"),
    [
        ("plugin_info", "'a label'", "returned str, not PluginInfo"),
        ("config_model", "{}", "returned dict, not"),
        ("register_models", "'migrations'", "returned str, not Models"),
        ("settings_model", "{}", "returned dict, not"),
        ("register_jobs", "None", "returned NoneType, not Sequence"),
        ("register_forms", "None", "returned NoneType, not Sequence"),
        ("register_profile_fields", "['pets']", "returned a str among its ProfileFields"),
        ("register_audiences", "[len]", "a builtin_function_or_method among its Audiences"),
        ("register_postbacks", "['cancel']", "returned list, not Mapping"),
        ("register_pages", "None", "returned NoneType, not Sequence"),
        ("lifespan", "None", "NoneType"),
    ],
)
def test_what_a_collect_hook_returns_is_checked(beside, speak, hook, value, said):
    town = beside(MISMATCH.format(hook=hook, value=value))
    assert hook in trouble(town)
    assert said in trouble(town)
    assert_others_go_on(town, speak)


OWN_DATA = """
@hookimpl
def export_personal_data(resident):
    return [Record("番号", {"番号": resident.id}, {"a.txt": b"a"})]
@hookimpl
def erase_personal_data(db, resident):
    return Erased({"番号": 1}, [Kept("領収書", "地方自治法", date(2031, 3, 31))])
"""


@pytest.fixture
def own_data(beside, speak):
    """The gateway, its office, and a resident of whom the toy and others know something."""

    def start(source):
        town = beside("from datetime import date\n" + source)
        office = town.running.services.office
        who = town.wait(office.store.read(privacy.find_person, speak(town).user_id))
        return town, office, who

    return start


def test_hook_export_personal_data(own_data):
    town, office, who = own_data(OWN_DATA)
    made = town.wait(export(office, who))
    assert json.loads(made.files["export.json"])["data"]["toy"] == [
        {"title": "番号", "番号": who.resident.id}
    ]
    assert made.files["files/toy/a.txt"] == b"a"


def test_hook_erase_personal_data(own_data):
    town, office, who = own_data(OWN_DATA)
    done = town.wait(privacy.erase(office, who, Actor("system", "test", "test")))
    assert done.deleted["toy"] == {"番号": 1}
    assert done.kept["toy"][0]["until"] == "2031-03-31"
    assert done.done_at


@pytest.mark.parametrize("body", ["raise SystemExit(1)", "return None", "raise KeyError(resident)"])
def test_hook_that_must_succeed_and_fails_is_reported(own_data, body):
    hooks = ("export_personal_data", "erase_personal_data")
    town, office, who = own_data(
        "".join(f"@hookimpl\ndef {name}(resident):\n    {body}\n" for name in hooks)
    )
    assert town.wait(export(office, who)).failed.keys() == {"toy"}
    done = town.wait(privacy.erase(office, who, Actor("system", "test", "test")))
    assert (done.failed.keys(), done.done_at) == ({"toy"}, None)
    assert who.line_id not in str(town.wait(office.store.fetch("SELECT line_id FROM resident")))
