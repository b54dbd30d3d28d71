"""The contract suite finds what breaks a rule, says so, and leaves a sound plugin alone.

Each toy plugin breaks one rule: exactly that test of the suite fails, with a sentence about it.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from madoguchi.testing import Town, install
from madoguchi.testing.contract import PluginContract
from madoguchi.testing.installing import forget
from madoguchi.testing.purity import Refused, refuse_io

RULES = [name for name in vars(PluginContract) if name.startswith("test_")]
HEAD = """
from pathlib import Path
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from madoguchi import (
    Daily, Erased, Fit, Job, Models, Mount, Offer, OpenPage, Permission, PluginInfo, Record,
    hookimpl,
)
from madoguchi.store import plugin_metadata
from madoguchi.tables import resident
"""
OFFER = """
@hookimpl
def offer_for_message(text):
    return Offer(answer, Fit.EXACT, label="はい") if text == "はい" else None
def answer(ctx):
    return "はい。"
"""
KEEPS = """
@hookimpl
def plugin_info():
    return PluginInfo("数える", "語を数える", keeps={"語": "数えるため。1年"})
"""
MODELS = """
metadata = plugin_metadata("toy")
sa.Table(
    "toy_word", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.Text, nullable=False),
    sa.Column("who", sa.BigInteger, sa.ForeignKey(resident.c.id, ondelete="CASCADE")),
)
@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.create_table(
        "toy_word",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("who", sa.BigInteger, sa.ForeignKey("resident.id", ondelete="CASCADE")),
    )
"""
PERSONAL = """
(word,) = metadata.tables.values()
@hookimpl
def export_personal_data(db, resident):
    rows = db.execute(sa.select(word.c.word).where(word.c.who == resident.id)).all()
    return [Record("語", {"語": row.word}) for row in rows]
@hookimpl
def erase_personal_data(db, resident):
    gone = db.execute(sa.delete(word).where(word.c.who == resident.id))
    return Erased({"語": gone.rowcount})
"""
KEEPING = """
@hookimpl
def offer_for_message(text):
    return Offer(answer, Fit.EXACT, label="はい") if text == "はい" else None
async def answer(ctx):
    return await ctx.write(save, ctx.resident.id)
def save(db, who):
    db.execute(metadata.tables["toy_word"].insert().values(word="はい", who=who))
    return "はい。"
"""
SOUND = (
    HEAD
    + KEEPS
    + MODELS
    + PERSONAL
    + OFFER
    + """
class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    deep: int = 1
class Config(BaseModel):
    inner: Inner = Inner()
@hookimpl
def config_model():
    return Config
@hookimpl
def register_postbacks():
    return {"again": answer}
@hookimpl
def register_pages(config):
    return [OpenPage("/hours", answer)]
"""
)
STAFF_PAGE = """
from dataclasses import dataclass
@dataclass
class StaffPage:
    path: str
    endpoint: object
    permission: str
    methods: tuple = ("GET",)
@hookimpl
def register_page_types():
    return {StaffPage: lambda page, own: page.endpoint}
@hookimpl
def register_pages(config):
    return [StaffPage("/list", answer, "toy.write"), StaffPage("/x", answer, "toy.write|toy.reed")]
"""
STAFF = """
from itertools import count
n = count(1)
class Topic(BaseModel, extra="forbid"):
    name: str
class Settings(BaseModel):
    hour: int = 9
    topics: list[Topic] = []
@hookimpl
def settings_model():
    return Settings
@hookimpl
def register_jobs(config, settings):
    return [Job("work", Daily(f"{settings.hour:02}:00"), print)]
"""
FILES = {
    "__init__.py": SOUND,
    "migrations/0001_word.py": MIGRATION,
    "templates/toy/hours.html": "",
    "README.md": "# toy\n",
    "pyproject.toml": "",
}


def offering(body: str, *, label: str = '"はい"') -> str:
    """A plugin that offers for はい, after `body` of the hook; `answer` is its handler's body."""
    return (
        HEAD
        + "import itertools, random, socket\ncount = itertools.count()\n"
        + "@hookimpl\ndef offer_for_message(ctx, message, text):\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
        + f'    return Offer(answer, Fit.EXACT, label={label}) if text == "はい" else None\n'
        + 'def answer(ctx):\n    return "はい。"\n'
    )


def answering(reply: str, more: str = "") -> str:
    """A plugin whose handler returns `reply`."""
    return HEAD + OFFER.replace('"はい。"', reply) + more


def permitted(name: str, label: str) -> str:
    """A plugin's permission."""
    made = f"[Permission({name!r}, {label!r})]"
    return f"\n@hookimpl\ndef register_permissions():\n    return {made}\n"


def button(data: str) -> str:
    action = {"type": "postback", "label": "もう一度", "data": data}
    items = [{"type": "action", "action": action}]
    return repr({"type": "text", "text": "はい。", "quickReply": {"items": items}})


AGAIN = '@hookimpl\ndef register_postbacks():\n    return {"again": answer}\n'
PERMISSIONS = "test_permissions_are_well_formed"
PURE, STARTS, NAMES = "test_offers_are_pure", "test_starts", "test_names_are_its_own"
CHANGED = "test_settings_can_be_changed"
SETTINGS, KEPT = "test_settings_refuse_unknown_keys", "test_says_what_it_keeps"
IMPORTS, SENT = "test_imports_public_names_only", "test_answers_can_be_sent"
OWNED = "test_residents_own_their_data"
MIGRATED = "test_migrations_make_what_the_models_say"

BROKEN = {
    # name: (files that differ from the sound plugin's, the rule that fails, what it says)
    "hook misspelt": ({"__init__.py": SOUND.replace("register_pages", "register_page")},
        STARTS, "unknown hook `register_page`: did you mean `register_pages`?"),
    "hook of the wrong colour": ({"__init__.py": SOUND.replace("def offer", "async def offer")},
        STARTS, "must be a plain `def`"),
    "table of a foreign name": (
        {"__init__.py": SOUND.replace('"toy_word", metadata', '"word", metadata')},
        STARTS, "table word must be called toy or toy_"),
    "migration of a foreign table": (
        {"migrations/0001_word.py": MIGRATION + '    op.drop_table("unanswered")\n'},
        STARTS, "it makes or drops unanswered"),
    "no README": ({"README.md": ""}, "test_is_installed", "there is no README"),
    "inner name": ({"__init__.py": "from madoguchi.outgoing import Sender\n" + SOUND},
        IMPORTS, "__init__.py, line 1: madoguchi.outgoing.Sender is not public"),
    "inner module": ({"pages.py": "\nimport madoguchi.web\n"},
        IMPORTS, "pages.py, line 2: madoguchi.web is not public"),
    "inner module by name": ({"pages.py": "def f():\n    from madoguchi import door\n"},
        IMPORTS, "pages.py, line 2: madoguchi.door is not public"),
    "the simulator": ({"pages.py": "import madoguchi_simulator\n"}, IMPORTS, "for tests only"),
    "another plugin": ({"pages.py": "from hello_plugin import HOURS\n"},
        IMPORTS, "hello_plugin.HOURS is another plugin's: do without, or depend on hello-plugin"),
    "template of a foreign name": ({"templates/hello/hours.html": ""},
        NAMES, "templates/hello is never found: move it into templates/toy/"),
    "postback of a foreign name": (
        {"__init__.py": SOUND.replace('{"again"', '{"hello:again"')},
        NAMES, "postback 'hello:again': use a-z, 0-9 and _; the data is toy:<name>?"),
    "postback without function": ({"__init__.py": SOUND.replace(": answer}", ": None}")},
        NAMES, "postback 'again': None is no function"),
    "page under static": ({"__init__.py": SOUND.replace('"/hours"', '"/static/hours"')},
        NAMES, "page /static/hours: the files of static/ lie there"),
    "inner table takes any key": (
        {"__init__.py": SOUND.replace('    model_config = ConfigDict(extra="forbid")\n', "")},
        SETTINGS, "Inner passes over unknown keys"),
    "a setting has neither default nor seed": (
        {"__init__.py": SOUND + STAFF.replace("hour: int = 9", "hour: int")},
        STARTS, "settings] hour: is missing"),
    "inner table of settings takes any key": (
        {"__init__.py": SOUND + STAFF.replace('class Topic(BaseModel, extra="forbid")',
                                              "class Topic(BaseModel)")},
        CHANGED, "Topic passes over unknown keys"),
    "jobs are counted": (
        {"__init__.py": SOUND + STAFF.replace('"work"', 'f"work_{next(n)}"')},
        CHANGED, "register_jobs gave ['work_2'], then ['work_3']: no state of its own"),
    "an audience of two columns": (
        {"__init__.py": SOUND + """
from madoguchi import Audience
from madoguchi.tables import resident
@hookimpl
def register_audiences():
    def all_of_it(now):
        return sa.select(resident.c.id, resident.c.follows)
    return [Audience("everybody", "みんな", all_of_it)]
"""},
        "test_audiences_can_be_counted", "audience everybody: select(now=…) returns a SELECT of"),
    "a review of nothing": (
        {"__init__.py": SOUND + STAFF + """
from madoguchi import Consequence
@hookimpl
def review_settings(before, after):
    return [Consequence("変わります。")]
"""},
        CHANGED, "of settings that stay as they are"),
    "a review that writes": (
        {"__init__.py": SOUND + STAFF + """
@hookimpl
def review_settings(db):
    db.execute(metadata.tables["toy_word"].insert().values(word="はい"))
    return []
"""},
        CHANGED, "readonly"),
    "keys are swallowed": (
        {"__init__.py": SOUND.replace("class Config(BaseModel):", """
from pydantic import model_validator
class Config(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def swallow(cls, table):
        return {}""")},
        SETTINGS, "Config takes a key that it does not have"),
    "tables and no plugin_info": ({"__init__.py": SOUND.replace(KEEPS, "")},
        KEPT, "it has tables: plugin_info returns"),
    "tables without a purpose": ({"__init__.py": SOUND.replace("数えるため。1年", "")},
        KEPT, "why, and for how long"),
    "label for staff missing": ({"__init__.py": SOUND.replace('"数える", ', '"", ')},
        KEPT, "label and summary are what staff read"),
    "column never migrated": (
        {"__init__.py": SOUND.replace(
            "    sa.Column(\"who\"", "    sa.Column(\"at\", sa.Text),\n    sa.Column(\"who\"")},
        MIGRATED, "add_column"),
    "outlives a resident": (
        {"migrations/0001_word.py": MIGRATION.replace(', ondelete="CASCADE"', ""),
         "__init__.py": SOUND.replace(', ondelete="CASCADE"', "")},
        MIGRATED, "toy_word: resident.id needs ondelete=CASCADE or SET NULL"),
    "refers to a table of the core": (
        {"migrations/0001_word.py": MIGRATION.replace(
            'sa.Column("word", sa.Text, nullable=False)',
            'sa.Column("word", sa.Text, sa.ForeignKey("handled.event_id"), nullable=False)')},
        MIGRATED, "toy_word refers to handled, which is not this plugin's"),
    "data is not handed out": ({"__init__.py": SOUND.replace(PERSONAL, "")},
        OWNED, "toy_word refer to residents: implement export_personal_data"),
    "data is left out": (
        {"__init__.py": SOUND.replace(OFFER, KEEPING).replace("[Record", "[] and [Record")},
        OWNED, "export_personal_data gives nothing, and there are rows: {'toy_word': 1}"),
    "data is not erased": (
        {"__init__.py": SOUND.replace(OFFER, KEEPING).replace("resident.id))\n    return E",
                                                              "0))\n    return E")},
        OWNED, "erase_personal_data leaves 1 rows of toy_word that refer to the resident"),
    "erasing says nothing": ({"__init__.py": SOUND.replace("return Erased", "return dict")},
        OWNED, "not Erased"),
    "offer raises for odd texts": ({"__init__.py": offering("text.encode()")},
        PURE, "raises UnicodeEncodeError"),
    "offer ends the process": ({"__init__.py": offering("if not text: raise SystemExit(1)")},
        PURE, "raises SystemExit: 1"),
    "offer reads a file": ({"__init__.py": offering("open(__file__).close()")},
        PURE, "touches the world outside: open "),
    "permission of another plugin": (
        {"__init__.py": HEAD + OFFER + permitted("other.write", "書くことができ")},
        "test_starts", "'other.write': write toy.verb"),
    "permission that says nothing": (
        {"__init__.py": HEAD + OFFER + permitted("toy.write", "でき")},
        PERMISSIONS, "its label does not say what may be done"),
    "permission in words of the trade": (
        {"__init__.py": HEAD + OFFER + permitted("toy.write", "プラグインを消すことができ")},
        PERMISSIONS, "in words that staff know"),
    "permission in English": (
        {"__init__.py": HEAD + OFFER + permitted("toy.write", "writeでき")},
        PERMISSIONS, "in words that staff know"),
    "page with a permission of nobody": (
        {"__init__.py": HEAD + OFFER + permitted("toy.write", "書くことができ") + STAFF_PAGE},
        PERMISSIONS, "asks for 'toy.reed', which nobody registers"),
    "offer reads a file and says nothing": (
        {"__init__.py": offering("try: Path(__file__).read_text()\nexcept Exception: pass")},
        PURE, "touches the world outside: open "),
    "offer asks the network": (
        {"__init__.py": offering("socket.create_server(('', 0)).close()")},
        PURE, "touches the world outside: socket."),
    "offer counts": (
        {"__init__.py": offering("n = next(count) % 3 + 1", label='f"{n}番"')},
        PURE, "when asked again"),
    "offer changes the message": ({"__init__.py": offering('message["seen"] = True')},
        PURE, "changes the message"),
    "offer is no offer": ({"__init__.py": offering("if not text: return '空'")},
        PURE, "returns '空'"),
    "nothing is offered for its words": (
        {"__init__.py": HEAD + OFFER.replace('== "はい"', '== ""')},
        PURE, "'はい' is one of `words`, and gets no offer"),
    "label empty": ({"__init__.py": offering("", label='" "')},
        "test_offers_have_labels", "'はい': the offer has no label"),
    "label too long": ({"__init__.py": offering("", label='"\U0001f468\u200d\U0001f469" * 21')},
        "test_offers_have_labels", "has 21 characters; 20 are shown"),
    "answer over the limits": ({"__init__.py": answering('"あ" * 5001')}, SENT, "5001"),
    "answer of a foreign type": ({"__init__.py": answering("object()")}, SENT, "a reply is object"),
    "answer raises": ({"__init__.py": answering("1 / 0")}, SENT, "ZeroDivisionError"),
    "button of nobody": ({"__init__.py": answering(button("again"), AGAIN)},
        SENT, "nobody answers the button with 'again'"),
    "button of another": ({"__init__.py": answering(button("hello:again"), AGAIN)},
        SENT, "nobody answers the button with 'hello:again'"),
}  # fmt: skip


TOYS = {name: f"toy{n}" for n, name in enumerate(["sound", *BROKEN])}


def own(text: str, toy: str) -> str:
    """Everything here is written for `toy` and はい; each has a name and a word of its own."""
    return text.replace("はい", f"はい{toy[3:]}").replace("toy", toy)


def contract(toy: str) -> PluginContract:
    """The suite for one of them, its tests to be called one by one."""
    return type("Suite", (PluginContract,), {"plugin": toy, "words": (own("はい", toy),)})()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where all toys are installed."""
    folder = tmp_path_factory.mktemp("site-packages")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        packages = []
        for name, toy in TOYS.items():
            files = FILES | (BROKEN[name][0] if name in BROKEN else {})
            files = {own(path, toy): own(text, toy) for path, text in files.items()}
            packages.append(install(folder, toy, files))
        yield folder
    for package in packages:
        forget(package)


@pytest.fixture(scope="module")
def town(site, tmp_path_factory, loop_thread, redis_url, migrated):
    """One gateway with all of them: whatever they break, they break it for themselves."""
    on = {toy: {} for toy in TOYS.values()}
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, loop_thread, redis_url, on, {}, template=migrated) as town:
        yield town


def broken_rules(suite: PluginContract, town: Town) -> dict[str, str]:
    """Which rules fail, and what they say."""
    said = {}
    for rule in RULES:
        test = getattr(suite, rule)
        try:
            test(town) if "town" in test.__annotations__ else test()
        except pytest.skip.Exception:
            continue
        except pytest.fail.Exception as failure:
            said[rule] = str(failure)
    return said


def test_a_sound_plugin_breaks_no_rule(town):
    assert broken_rules(contract(TOYS["sound"]), town) == {}


def test_each_rule_is_broken_by_some_toy():
    assert {rule for _, rule, _ in BROKEN.values()} == set(RULES)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found_alone(town, name):
    _, rule, sentence = BROKEN[name]
    said = broken_rules(contract(TOYS[name]), town)
    assert list(said) == [rule], said
    assert own(sentence, TOYS[name]) in said[rule]


def test_words_are_asked_for_when_nothing_is_offered(town):
    suite = contract(TOYS["sound"])
    type(suite).words = ()
    with pytest.raises(pytest.fail.Exception, match="name some texts that it answers in `words`"):
        suite.test_offers_are_pure(town)


def test_a_plugin_may_import_one_that_it_depends_on(site, town):
    toy = TOYS["another plugin"]
    suite = contract(toy)
    (meta,) = site.glob(f"{toy}_*/METADATA")
    before = meta.read_text()
    with pytest.raises(pytest.fail.Exception, match="another plugin's"):
        suite.test_imports_public_names_only()
    meta.write_text(f"{before}Requires-Dist: Hello_Plugin>=0.1\n")
    try:
        assert "test_imports_public_names_only" not in broken_rules(suite, town)
    finally:
        meta.write_text(before)  # the site is the module's


def test_a_plugin_that_is_not_installed_is_named():
    with pytest.raises(pytest.fail.Exception, match=r"one entry point 'toy' .* installed: none"):
        contract("toy").test_is_installed()


def test_authors_inherit_the_suite(tmp_path):
    """As an author runs it: one class, found by pytest, here with a word that nobody answers."""
    (tmp_path / "test_hello.py").write_text(
        "from madoguchi.testing.contract import PluginContract\n\n\n"
        'class TestContract(PluginContract):\n    plugin = "hello"\n    words = ("電池",)\n'
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"1 failed, {len(RULES) - 1} passed" in done.stdout
    assert "'電池' is one of `words`, and gets no offer" in done.stdout
    assert "Traceback" not in done.stdout


def test_io_is_refused_only_while_asked():
    with refuse_io() as tried, pytest.raises(Refused, match="open"):
        Path(__file__).read_text()
    assert tried == [f"open {__file__!r}"]
    assert Path(__file__).read_text()


def test_a_first_import_is_no_io_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "imported_late.py").write_text("here = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with refuse_io() as tried:
        import imported_late
    assert imported_late.here
    assert tried == []
