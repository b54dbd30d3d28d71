"""Settings: a form for everything that staff may change, what it would mean, history, undo."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.errors import ConfigError
from madoguchi_console.schemas import JAPANESE, Schema

MISTAKES = {
    "missing": "入力してください。",
    "string_too_short": "入力してください。",
    "string_too_long": "{max_length}文字までにしてください。",
    "int_parsing": "数字で入力してください。",
    "int_type": "数字で入力してください。",
    "greater_than_equal": "{ge}以上にしてください。",
    "less_than_equal": "{le}以下にしてください。",
    "too_short": "{min_length}つ以上にしてください。",
    "too_long": "{max_length}こまでにしてください。",
    "literal_error": "選んでください。",
    "date_from_datetime_parsing": "日付を確かめてください。",
    "string_pattern_mismatch": "使えない文字があります。",
}
"""What is said of a mistake, by pydantic's name for it."""
MOST = 2_000_000
"""Characters of a content that comes back from the page with what it would mean."""


async def show_owners(request: Request) -> Response:
    """`GET /settings`."""
    page = request.state.page
    versions = await page.inside.settings()
    labels = labels_of(page)
    owners = [(name, labels[name], versions.get(name)) for name in page.inside.settings_models()]
    return page.render("settings.html", owners=owners, who=name_actor)


def name_actor(actor: Any) -> str:
    """Who changed something, as staff read it."""
    if actor.kind == "system":
        return "サーバーを管理する人" if actor.id.startswith("cli:") else "システム"
    return str(actor.label)


def say_comment(comment: str) -> str:
    """Why; for the first version, where it came from."""
    file = comment.removeprefix("from ")
    return f"はじめの設定（{file}）" if file != comment and file.endswith(".toml") else comment


def labels_of(page: Any) -> dict[str, str]:
    """By owner, what its settings are called."""
    return {"city": "市の設定"} | {one.name: one.info.label for one in page.inside.plugins}


async def _find(request: Request) -> tuple[str, Any, Any]:
    """Owner, model and newest version; 404 if there are no such settings."""
    page, owner = request.state.page, request.path_params["owner"]
    model = page.inside.settings_models().get(owner)
    version = (await page.inside.settings()).get(owner)
    if model is None or version is None:
        raise HTTPException(404)
    return owner, model, version


async def show_settings(request: Request) -> Response:
    """`GET /settings/{owner}`."""
    owner, model, version = await _find(request)
    return _render_form(request, owner, model, version.content, version.number)


def _render_form(
    request: Request,
    owner: str,
    model: Any,
    content: Any,
    base: int,
    faults: Mapping[str, str] | None = None,
) -> Response:
    page = request.state.page
    return page.render(
        "settings_form.html",
        422 if faults else 200,
        owner=owner,
        label=labels_of(page)[owner],
        form=Schema(model).draw(content),
        base=base,
        faults=faults or {},
    )


async def look_settings(request: Request) -> Response:
    """`POST /settings/{owner}`: a row more, or what the change would mean. Nothing is stored."""
    owner, model, version = await _find(request)
    form, schema = await request.form(), Schema(model)
    typed = {name: str(value) for name, value in form.multi_items() if isinstance(value, str)}
    lists = {name: [str(one) for one in form.getlist(name)] for name in typed}
    base = int(typed["_base"]) if typed.get("_base", "").isdecimal() else version.number
    if "_edit" in typed:
        return _render_form(request, owner, model, _content(typed["_edit"]), base)
    content = schema.read(typed, lists)
    if "_add" in typed:
        _grow(content, typed["_add"], schema)
        return _render_form(request, owner, model, content, base)
    if faults := find_faults(model, content):
        return _render_form(request, owner, model, content, base, faults)
    return await _render_look(request, owner, model, version, content, base, "")


def _grow(content: Any, name: str, schema: Schema) -> None:
    """Add an empty row to the list at a place; a place that is none changes nothing."""
    try:
        row, at = schema.empty(name), content
        for part in name.split("."):
            at = at[int(part)] if part.isdecimal() else at[part]
        at.append(row)
    except (KeyError, IndexError, TypeError, AttributeError):
        return


def find_faults(model: Any, content: Any) -> dict[str, str]:
    """What the model refuses: place → what to do, in Japanese."""
    try:
        model.model_validate(content)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for one in error.errors():
            place = ".".join(str(part) for part in one["loc"] if not _is_kind(part))
            faults.setdefault(place, _say(one))
        return faults
    return {}


def _is_kind(part: Any) -> bool:
    """Whether a part of a place names a branch of a union, not a key."""
    return isinstance(part, str) and ("[" in part or part in ("str", "none", "constrained-str"))


def _say(error: Any) -> str:
    words = MISTAKES.get(error["type"])
    if words is not None:
        return words.format_map({"max_length": "", "min_length": 1} | dict(error.get("ctx") or {}))
    said = str(error["msg"]).removeprefix("Value error, ")
    return said if JAPANESE.search(said) else f"確かめてください。（{said}）"


async def _render_look(
    request: Request, owner: str, model: Any, version: Any, content: Any, base: int, comment: str
) -> Response:
    page = request.state.page
    change, schema = page.inside.change_settings, Schema(model)
    refused: Sequence[str] = ()
    lines: list[str] = []
    try:
        lines = await change(owner, content, base, "-", dry_run=True)
    except ConfigError as error:
        refused = [line.partition(": ")[2] or line for line in error.problems]
    full = model.model_validate(content).model_dump(mode="json", by_alias=True)
    found = page.inside.compare(version.content, full)
    return page.render(
        "settings_look.html",
        422 if refused else 200,
        owner=owner,
        label=labels_of(page)[owner],
        differences=[describe(schema, one) for one in found],
        consequences=[line.strip() for line in lines if line.startswith(" ")],
        refused=refused,
        content=json.dumps(content, ensure_ascii=False),
        base=base,
        comment=comment,
    )


def describe(schema: Schema, difference: Any) -> tuple[str, str, str]:
    """A difference for the page: where, before, after; "" for what was not or is no more."""
    if difference.is_order:
        return schema.label_of(difference.place), "", "順番が変わります"
    sides = []
    for value in (difference.before, difference.after):
        sides.append("" if repr(value) == "ABSENT" else show_content(value))
    return schema.label_of(difference.place), sides[0], sides[1]


def show_content(value: Any) -> str:
    """A value of settings as staff read it."""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if value is None or value == "" or value == []:
        return "（なし）"
    if isinstance(value, Mapping):
        return "、".join(show_content(one) for one in value.values() if one not in (None, ""))
    if isinstance(value, list):
        return "、".join(show_content(one) for one in value)
    return str(value)


def _content(text: str) -> Any:
    """A content that came back from the page; 404 for what never was one."""
    try:
        return json.loads(text) if len(text) <= MOST else {}
    except ValueError:
        raise HTTPException(404) from None


async def save_settings(request: Request) -> Response:
    """`POST /settings/{owner}/save`: what was looked at, made the newest version."""
    owner, model, version = await _find(request)
    page, form = request.state.page, await request.form()
    content, base = _content(str(form.get("content", ""))), str(form.get("base", ""))
    comment = str(form.get("comment", "")).strip()[:200]
    if find_faults(model, content) or not base.isdecimal():
        raise HTTPException(404)
    try:
        await page.inside.change_settings(
            owner, content, int(base), comment or "画面から", dry_run=False
        )
    except ConfigError:
        return await _render_look(request, owner, model, version, content, int(base), comment)
    return RedirectResponse(page.path(f"/console/settings/{owner}?done=saved"), 303)


async def show_history(request: Request) -> Response:
    """`GET /settings/{owner}/history`."""
    owner, model, _ = await _find(request)
    page, schema = request.state.page, Schema(model)
    versions = await page.inside.settings_history(owner)
    shown = []
    for new, old in zip(versions, [*versions[1:], None], strict=True):
        found = page.inside.compare(old.content, new.content) if old else []
        shown.append((new, [describe(schema, one) for one in found]))
    shown_as = {"who": name_actor, "why": say_comment, "label": labels_of(page)[owner]}
    return page.render("settings_history.html", owner=owner, versions=shown, **shown_as)


async def look_undo(request: Request) -> Response:
    """`POST /settings/{owner}/history`: what going back to a version would mean."""
    owner, model, version = await _find(request)
    page, form = request.state.page, await request.form()
    number = str(form.get("version", ""))
    every = await page.inside.settings_history(owner, 1000)
    old = next((one for one in every if str(one.number) == number), None)
    if old is None:
        raise HTTPException(404)
    if faults := find_faults(model, old.content):
        return _render_form(request, owner, model, old.content, version.number, faults)
    comment = f"{number}番目の設定にもどした"
    base = version.number
    return await _render_look(request, owner, model, version, old.content, base, comment)
