"""Each permission × each page: 403 without it, also for a page that is not there."""

import pytest

from madoguchi_console import ANYBODY, ConsolePage

OBJECT = {"{number:int}": "999", "{owner}": "nobody"}
EACH = ["notes.read", "notes.write", "console.residents", "admin", "nothing"]
ADMIN = {"console.staff", "console.settings", "console.audit", "console.calendar", "console.resume"}


def address(plugin, item):
    path = item.path if plugin.name == "console" else f"/{plugin.name}{item.path}"
    for name, value in OBJECT.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("held", EACH)
def test_without_the_permission_a_page_is_403(gateway, make_staff, held):
    granted = [held] if "." in held else []
    staff = make_staff(permissions=granted, admin=held == "admin")
    may = {ANYBODY, *granted, *(ADMIN if held == "admin" else ())}
    found = {}
    for plugin in gateway.running.services.plugins.well():
        for item in plugin.pages:
            if not isinstance(item, ConsolePage) or item.path == "/live":
                continue
            path, method = address(plugin, item), item.methods[0]
            if method == "GET":
                page = staff.opens(path)
            elif item.permission in may:
                continue  # what it does is tested elsewhere
            else:
                page = staff.browser.posts(f"/mihon/console{path}", [("x", "1")])
            allowed = item.permission in may
            expected = {200, 404} if allowed else {403}
            if page.status not in expected:
                found[f"{method} {path}"] = page.status
    assert found == {}


def test_nobody_comes_in_without_a_login(gateway, make_staff):
    stranger = make_staff(log_in=False)
    for plugin in gateway.running.services.plugins.well():
        for item in plugin.pages:
            if isinstance(item, ConsolePage):
                page = stranger.opens(address(plugin, item))
                assert "<h1>ログイン</h1>" in page or page.status == 405, item.path


def test_what_is_not_there_looks_like_what_is_anothers(gateway, make_staff):
    staff = make_staff(permissions=["console.residents"], admin=True)
    for path in ("/staff/{}", "/sections/{}", "/residents/{}"):
        one, other = staff.opens(path.format(998)), staff.opens(path.format(999))
        assert one.status == other.status == 404
        assert one.html == other.html


def test_people_from_outside_are_no_administrators_and_see_dots(make_staff):
    outside = make_staff(permissions=["notes.read", "console.residents"], contractor=True)
    assert "●●●" in outside.opens("/notes/list")
    assert outside.opens("/residents").status == 403
    assert "住民の情報" not in outside.opens()
