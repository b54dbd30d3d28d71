"""Two gateways in one deployment, with the same plugin: nothing crosses between them."""

import base64
import hmac
import json
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from redis import Redis

from madoguchi.valkey import socket_url

CITIES = ("kita", "minami")
USER = "U" + "1" * 32
"""A LINE user of both cities: LINE gives every provider ids of its own, a test need not."""
PLUGIN = """
from contextlib import asynccontextmanager
from pathlib import Path
import sqlalchemy as sa
from pydantic import BaseModel
from madoguchi import Fit, Models, Offer, OpenPage, hookimpl
from madoguchi.config import Secret
from madoguchi.store import plugin_metadata

metadata = plugin_metadata("toy")
note = sa.Table(
    "toy_note", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("resident", sa.Integer, nullable=False),
)

class Settings(BaseModel):
    answer: str
    key: Secret

@hookimpl
def config_model():
    return Settings

@hookimpl
def register_models():
    return Models(metadata, Path(__file__).parent / "migrations")

@hookimpl
@asynccontextmanager
async def lifespan(plugin):
    plugin.state = [plugin.gateway]
    yield

@hookimpl
def register_pages(config):
    return [OpenPage("/who", who)]

async def who(request):
    return request.state.page.render("who.html", answer=request.state.page.plugin.config.answer)

@hookimpl
def offer_for_message(text):
    handlers = {"設定": settings, "数える": count, "送る": push, "失敗": fail, "止まる": loop}
    return Offer(handlers[text], Fit.EXACT, label=text) if text in handlers else None

def settings(ctx):
    config, state = ctx.plugin.config, ctx.plugin.state
    return " ".join([ctx.gateway.label, config.answer, config.key, *state, str(ctx.resident.id)])

async def count(ctx):
    return await ctx.write(save, ctx.resident.id)

def save(db, resident):
    db.execute(note.insert().values(resident=resident))
    return str(db.scalar(sa.select(sa.func.count()).select_from(note)))

async def push(ctx):
    def queue(db):
        ctx.send(db, [ctx.resident], "送りました。", key=ctx.event.id)
    return await ctx.write(queue)

async def fail(ctx):
    raise RuntimeError("on purpose")

async def loop(ctx):
    while True:
        pass
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.create_table(
        "toy_note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("resident", sa.Integer, nullable=False),
    )
"""
PAGE = """<!doctype html><html lang="ja"><title>だれ</title><h1>{{ city.label }}</h1>
<p>%s {{ answer }}</p></html>"""


@pytest.fixture(scope="module")
def served(serve):
    files = {
        "__init__.py": PLUGIN,
        "migrations/0001_first.py": MIGRATION,
        "templates/toy/who.html": PAGE % "the plugin's",
    }
    cities = {
        name: f'[plugins.toy]\nanswer = "{name}の答え"\nkey = {{ env = "{name.upper()}_SECRET" }}\n'
        for name in CITIES
    }
    overrides = {"kita/templates/toy/who.html": PAGE % "the city's own"}
    with serve(cities, {"toy": files}, overrides) as served:
        yield served


@pytest.fixture(scope="module")
def residents(served):
    """The same LINE user in both cities, and in kita somebody before."""
    served.add_resident("kita", "先の人")
    for city in CITIES:
        served.add_resident(city, "花子", user_id=USER)
        served.say(city, USER, "こんにちは")
        served.until(lambda city=city: served.answers(city, USER), "the first answer")


def ask(served, city, words):
    """What a city answers to words."""
    before = len(served.answers(city, USER))
    assert served.say(city, USER, words) == 200
    served.until(lambda: len(served.answers(city, USER)) > before, f"{city} answers {words}")
    return served.answers(city, USER)[before:]


def post(url, body, signature):
    request = urllib.request.Request(url, body, {"x-line-signature": signature})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def rows(served, city, file, query):
    with closing(sqlite3.connect(served.data / city / file)) as db:
        return db.execute(query).fetchall()


def test_a_signature_opens_its_own_door_only_r1(served):
    """R1: the same body, signed with each city's secret, at each city's path."""
    event = {"type": "x", "mode": "active", "timestamp": 1, "webhookEventId": "CROSSING"}
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    for city in CITIES:
        for signer in CITIES:
            digest = hmac.digest(f"secret of {signer}".encode(), body, "sha256")
            status = post(served.webhook(city), body, base64.b64encode(digest).decode())
            assert status == (200 if city == signer else 401), (city, signer)
    for city in CITIES:
        query = "SELECT count(*) FROM inbox WHERE event_id = 'CROSSING'"
        assert rows(served, city, "inbox.sqlite", query) == [(1,)]


def test_settings_secrets_and_state_are_each_citys_own(served, residents):
    said = {city: ask(served, city, "設定")[0].split() for city in CITIES}
    assert said["kita"][:-1] == ["kita市", "kitaの答え", "secret", "of", "kita", "kita"]
    assert said["minami"][:-1] == ["minami市", "minamiの答え", "secret", "of", "minami", "minami"]


def test_residents_and_rows_are_each_citys_own(served, residents):
    assert [ask(served, "kita", "数える") for _ in range(3)] == [["1"], ["2"], ["3"]]
    assert ask(served, "minami", "数える") == ["1"]
    for city in CITIES:
        known = rows(served, city, "main.sqlite", "SELECT line_id FROM resident")
        assert known == [(USER,)]
    assert ask(served, "kita", "知らないことば")[0].startswith("お答えできませんでした。")
    words = "SELECT count(*) FROM unanswered WHERE text = '知らないことば'"
    assert [rows(served, city, "main.sqlite", words) for city in CITIES] == [[(1,)], [(0,)]]


def test_pages_and_template_overrides_are_each_citys_own(served):
    pages = {city: served.get(f"/{city}/toy/who") for city in CITIES}
    assert [status for status, _ in pages.values()] == [200, 200]
    assert "<h1>kita市</h1>\n<p>the city's own kitaの答え</p>" in pages["kita"][1]
    assert "<h1>minami市</h1>\n<p>the plugin's minamiの答え</p>" in pages["minami"][1]


def test_every_key_and_channel_of_redis_begins_with_its_gateway(served, residents):
    keys = set()
    with Redis.from_url(socket_url(served.data / "valkey")) as redis:
        for city in CITIES:
            assert ask(served, city, "送る") == ["送りました。"]
            keys |= set(redis.scan_iter())  # at once: the buckets of rates last a moment
        channels = set(redis.pubsub_channels())
    for names in (keys, channels):
        assert {name.decode().partition(":")[0] for name in names} == set(CITIES), names


def test_a_push_uses_the_token_of_its_own_channel(served, residents):
    """The simulators take their own token only; each accepted what its own city sent."""
    for city in CITIES:
        sends = served.thread.call(lambda city=city: list(served.lines[city].book.sends()))
        texts = [message.get("text") for send in sends for message in send["messages"]]
        assert texts
        assert not any(other in str(texts) for other in CITIES if other != city)


def test_failures_in_one_city_open_no_circuit_in_the_other(served, residents):
    for _ in range(5):
        assert ask(served, "kita", "失敗")[0].startswith("申しわけありません。")
    assert ask(served, "kita", "設定")[0].startswith("お答えできませんでした。")
    assert ask(served, "minami", "設定")[0].startswith("minami市")
    assert "on purpose" in served.health_of("kita", "toy")
    assert served.health_of("minami", "toy") == "well"


def test_what_is_left_out_in_one_city_stays_in_the_other(served, residents):
    assert served.say("minami", USER, "止まる") == 200
    served.until(lambda: "silent" in served.health_of("minami", "toy"), "it is left out")
    assert served.health_of("kita", "toy") == "well"
    assert served.get("/minami/toy/who")[0] == 404
    assert served.get("/kita/toy/who")[0] == 200
