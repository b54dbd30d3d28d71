"""Pages of plugins, and types of pages that one plugin serves for others."""

import pytest

from madoguchi.testing import TestResident

PANES = """
from dataclasses import dataclass
from starlette.responses import PlainTextResponse
from madoguchi import hookimpl

@dataclass(frozen=True)
class Pane:
    path: str
    endpoint: object
    methods: tuple = ("GET",)

def build(item, page):
    async def endpoint(request):
        own = request.state.page
        if "sash" in request.query_params:
            raise ValueError("the sash is stuck")
        answer = await page.run(item.endpoint, request)
        answer.headers["x-served"] = f"{own.plugin.name} for {page.plugin.name}"
        return answer
    return endpoint

def show(request):
    page = request.state.page
    key = page.secret("x").hex()
    return PlainTextResponse(f"{page.plugin.name} {page.path('/a')} {key}")

@hookimpl
def register_page_types():
    return {Pane: build}

@hookimpl
def register_pages():
    return [Pane("/own", show)]
"""
HOUSE = """
from panes_under_test import Pane
from starlette.responses import PlainTextResponse
from madoguchi import Mount, OpenPage, hookimpl

def show(request):
    page = request.state.page
    return PlainTextResponse(f"{page.plugin.name} {page.path('/a')} {page.secret('x').hex()}")

def fail(request):
    raise ValueError("the pane is broken")

async def app(scope, receive, send):
    await PlainTextResponse("mounted")(scope, receive, send)

@hookimpl
def register_pages():
    return [
        Pane("/window", show), Pane("/broken", fail), Pane("/post", show, ("POST",)),
        OpenPage("/door", show), Mount("/app", app),
    ]
"""


@pytest.fixture
def installed(install_plugin):
    return {install_plugin("panes", PANES): {}, install_plugin("house", HOUSE): {}}


def test_a_type_of_page_is_served_by_its_plugin(make_town, installed):
    town = make_town(installed)
    resident = TestResident(town)
    window = resident.opens("/panes/house/window")
    assert window.headers["x-served"] == "panes for house"
    assert window.html.startswith("house /mihon/a ")
    own = resident.opens("/panes/own")
    assert own.headers["x-served"] == "panes for panes"
    assert own.html.split()[2] != window.html.split()[2], "each plugin's keys are its own"
    assert resident.opens("/house/door").html == window.html
    assert resident.opens("/house/app/x").html == "mounted"
    assert resident.opens("/panes/house/post").status == 405


def test_a_broken_page_is_its_own_plugins_failure(make_town, installed):
    town = make_town(installed)
    resident = TestResident(town)
    plugins = town.running.services.plugins.all
    broken = resident.opens("/panes/house/broken")
    assert broken.status == 500
    for words in ("見本市", "0100-00-0000", "平日 8:30〜17:15", "<ruby>", "Please wait a little"):
        assert words in broken
    assert "the pane is broken" in plugins["house"].last_error
    assert plugins["panes"].last_error is None
    assert resident.opens("/panes/house/window?sash=1").status == 500
    assert "the sash is stuck" in plugins["panes"].last_error


def test_a_type_that_nobody_serves_is_ignored(make_town, installed):
    del installed["panes"]
    resident = TestResident(make_town(installed))
    assert resident.opens("/panes/house/window").status == 404
    assert resident.opens("/house/door").status == 200


def test_r57_no_address_redirects_to_one_with_a_slash(make_town, installed):
    resident = TestResident(make_town(installed))
    for path in ("/house", "/house/", "/house/door/", "/panes/own/"):
        missing = resident.opens(path)
        assert missing.status == 404
        assert "0100-00-0000" in missing


def test_a_broken_build_quarantines_the_owner(make_town, installed, install_plugin):
    crooked = install_plugin("crooked", HOUSE.replace('Pane("/window"', 'Pane("window"'))
    town = make_town({**installed, crooked: {}})
    assert "has to start with" in town.running.services.plugins.all["crooked"].trouble
    assert TestResident(town).opens("/panes/house/window").status == 200
