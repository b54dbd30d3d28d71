"""A worker that dies in the middle of an erasure: it is finished, once, whoever asks again."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException

import pytest

from madoguchi.clock import Clock
from madoguchi.secrets import derive
from madoguchi.testing import install, until
from madoguchi_liff import session

FATAL = """
import os, signal
from pathlib import Path
from madoguchi import Erased, PluginInfo, hookimpl

ARMED = Path(__file__).with_name("armed")

@hookimpl
def plugin_info():
    return PluginInfo("事故", "消すときに止まります。")

@hookimpl
def erase_personal_data():
    if ARMED.exists():
        ARMED.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return Erased({"記録": 1})
"""


def prepare(city):
    """A city with pages, somebody who wrote to it, and the session that they have."""
    install(city.folder / "site-packages", "fatal", {"__init__.py": FATAL})
    with city.config.open("a", encoding="utf-8") as config:
        config.write("\n[plugins.fatal]\n")
    city.start_worker()
    (user,) = city.crowd(1)
    city.talk([user], 3).wait_for_answers()
    ((number,),) = city.query("SELECT id FROM resident")
    key = derive("chaos-secret", "liff: session")
    now = Clock(city.folder / "clock").now()
    return session.seal(session.begin(number, "1-x", now, user), key)


def press(city, cookie):
    """What the page answers: status and where it leads; None if the worker died meanwhile."""
    address = f"http://127.0.0.1:{city._ports['worker']}/mihon/liff/mine/erase"
    headers = {"cookie": f"madoguchi-mihon-liff={cookie}", "sec-fetch-site": "same-origin"}
    opener = urllib.request.build_opener(Straight)
    try:
        opener.open(urllib.request.Request(address, b"sure=yes", headers), timeout=30)
    except urllib.error.HTTPError as error:
        return error.code, error.headers["location"]
    except (OSError, HTTPException):
        return None
    return None


class Straight(urllib.request.HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *given):
        return None


def die_and_go_on(city):
    cookie = prepare(city)
    armed = next(city.folder.rglob("fatal*/__init__.py")).with_name("armed")
    armed.touch()
    assert press(city, cookie) is None
    assert not armed.exists(), "it died in the middle"
    city.kill("worker")
    assert city.query("SELECT done_at FROM erasure") == [(None,)]
    city.start_worker()
    city.clock.move(700)
    until(lambda: city.query("SELECT done_at FROM erasure") != [(None,)])
    assert city.query("SELECT id FROM resident") == []
    assert city.query("SELECT id FROM outgoing") == []
    ((report,),) = city.query("SELECT CAST(report AS TEXT) FROM erasure")
    found = json.loads(report)
    assert found["done"] == ["core", "fatal", "liff", "tally"]
    assert found["deleted"]["fatal"] == {"記録": 1}
    assert found["deleted"]["core"]["outgoing"] == 3
    ((begun,),) = city.query("SELECT count(*) FROM audit WHERE action = 'resident.erase'")
    ((ended,),) = city.query("SELECT count(*) FROM audit WHERE action = 'resident.erased'")
    assert (begun, ended) == (1, 1)
    status, location = press(city, cookie)
    assert status == 303
    assert "/liff/mine/erased?t=" in location
    assert city.query("SELECT count(*) FROM erasure") == [(1,)]
    assert city.query("SELECT id FROM resident") == [], "nobody new was made of them"


def test_kill_9_in_the_middle_of_an_erasure_on_sqlite(deploy):
    die_and_go_on(deploy())


@pytest.mark.slow
def test_kill_9_in_the_middle_of_an_erasure_on_postgresql(deploy, database_url):
    die_and_go_on(deploy(database_url))
