import pytest

OWN = """
from sqlalchemy import column, select, table
from starlette.exceptions import HTTPException

from madoguchi import Permission, hookimpl
from madoguchi_console import ConsolePage, QueueItem

@hookimpl
def register_permissions():
    return [
        Permission("notes.write", "メモを書くことができ"),
        Permission("notes.read", "メモを見ることができ"),
    ]

async def show(request):
    page, staff = request.state.page, request.state.staff
    return page.render("notes.html", words=f"{staff.name} {page.actor.id} {staff.mask('090')}")

async def find(request):
    raise HTTPException(404)

async def take(request):
    form = await request.form()
    page = request.state.page
    def save(db):
        page.audit(db, "note.write", "note:1", {"length": len(form["words"])})
    await page.write(save)
    return page.render("notes.html", words="受け取りました：" + form["words"])

def queue(db, staff, now):
    return [QueueItem(f"{staff.name}さんの仕事", "/list", now)]

@hookimpl
def register_pages():
    return [
        ConsolePage("/list", show, "notes.read", menu="メモ", queue=queue),
        ConsolePage("/list", take, "notes.write", ("POST",)),
        ConsolePage("/list/{number:int}", find, "notes.read"),
    ]
"""
PAGE = """{% extends "console/base.html" %}{% block title %}メモ{% endblock %}
{% block content %}<h1>メモ</h1><p>{{ words }}</p>
<form method="post"><label for="w">ことば</label><input id="w" name="words">
<button class="go">書く</button></form>{% endblock %}"""


@pytest.fixture
def plugins(install_plugin):
    """The console with a small plugin that has pages in it."""
    install_plugin("notes", {"__init__.py": OWN, "templates/notes/notes.html": PAGE})
    return {"notes": {}, "console": {}}
