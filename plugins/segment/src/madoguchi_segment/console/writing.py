# nosay: what is said here, staff read
"""書く: the page on which a delivery is written, picked for and given its time.

All of a form goes to and fro, so that it works without JavaScript. Only 「保存」 and 「見本を見る」
store it; what is refused stays in the form, with the reason above it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi.languages import NAMES
from madoguchi_messages import MAX_MESSAGES
from madoguchi_segment.audiences import describe, read_condition, saved
from madoguchi_segment.console import composing, images, picking, timing
from madoguchi_segment.console.composing import Piece, Typed
from madoguchi_segment.console.picking import Picked
from madoguchi_segment.console.situations import look_at
from madoguchi_segment.console.timing import When
from madoguchi_segment.console.visiting import (
    Visit,
    name_of,
    names_of,
    visible,
    visit,
    writing_sections,
)
from madoguchi_segment.deliveries import drafts, lint, states, templates
from madoguchi_segment.deliveries.drafts import EMERGENCY
from madoguchi_segment.deliveries.states import Delivery, Refused
from madoguchi_segment.items import name_of as label_of
from madoguchi_segment.items import offered

MOST_FIELDS = 4_000
NOTHING, NOBODY, AT_ONCE = Typed(), Picked(), When("now")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole form as it is typed."""

    title: str = ""
    number: str = ""
    section: str = ""
    topic: str = ""
    is_emergency: bool = False
    is_drill: bool = False
    typed: Typed = NOTHING
    picked: Picked = NOBODY
    when: When = AT_ONCE


async def show_new(request: Request) -> Response:
    """`GET /deliveries/new`: an empty form, or one begun from a template (`?template=`)."""
    here = visit(request)
    sections = writing_sections(here.staff)
    asked = request.query_params.get("section", "")
    section = asked if asked in {str(one.id) for one in sections} else str(sections[0].id)
    sheet = Sheet(section=section, is_drill=request.query_params.get("drill") == "1")
    number = request.query_params.get("template", "")
    if number.isdecimal() and len(number) < 16:
        known = await here.page.read(templates.find_all, section)
        if chosen := next((one for one in known if one.id == int(number)), None):
            typed = composing.decompose(chosen.content, await _names(here, chosen.content))
            sheet = replace(sheet, title=chosen.name, typed=typed)
    return await _show(here, sheet)


async def show_edit(request: Request) -> Response:
    """`GET /deliveries/{number}/edit`: the form of a delivery that has not begun."""
    here = visit(request)
    one = await here.find(request.path_params["number"])
    if not here.staff.may(drafts.WRITE, int(one.section)):
        raise HTTPException(403)
    if one.state not in states.EDITABLE:
        return RedirectResponse(here.page.path(f"/console/segment/deliveries/{one.id}"), 303)
    return await _show(here, await _sheet_of(here, one), one)


async def take(request: Request) -> Response:
    """`POST /deliveries/new` and `/deliveries/{number}/edit`: do what the button says."""
    here = visit(request)
    one = None
    if "number" in request.path_params:
        one = await here.find(request.path_params["number"])
        if not here.staff.may(drafts.WRITE, int(one.section)):
            raise HTTPException(403)
    async with request.form(max_fields=MOST_FIELDS, max_files=20) as form:
        sheet = _read(here, form, one)
        do = str(form.get("do") or "save")
        version = str(form.get("version") or "")
        try:
            sheet = replace(sheet, typed=await _take_images(here, sheet.typed, form))
            if do in ("save", "preview", "template"):
                return await _store(here, sheet, one, version, do)
            sheet, place = await _change(here, sheet, do, form)
        except Refused as error:
            return await _show(here, sheet, one, fault=error.words, version=version)
    return await _show(here, sheet, one, place=place, version=version)


async def count(request: Request) -> Response:
    """`POST /count`: who would get it, as a piece of the page."""
    here = visit(request)
    async with request.form(max_fields=MOST_FIELDS) as form:
        picked = picking.read_picked(form, here.criteria)
    return here.render("console/reach.html", **await reach(here, picked, is_asked=True))


async def reach(here: Visit, picked: Picked, *, is_asked: bool) -> dict[str, Any]:
    """Who would get it, for a template."""
    try:
        tree = picking.condition_of(picked, here.criteria)
    except Refused as error:
        fault = error.words if is_asked or any(group.rows for group in picked.groups) else ""
        return {"reach": None, "reach_fault": fault}
    found = await here.page.read(look_at, tree, here.criteria, here.page.now, with_bands=True)
    return {"reach": found, "reach_fault": found.fault}


# Reading and showing.


def _read(here: Visit, form: Any, one: Delivery | None) -> Sheet:
    sections = {str(each.id) for each in writing_sections(here.staff)}
    section = one.section if one else str(form.get("section") or "")
    if section not in sections:
        section = sorted(sections, key=int)[0]
    emergency = form.get("emergency") == "1"
    return Sheet(
        title=str(form.get("title") or "").strip(),
        number=str(form.get("number") or "").strip(),
        section=section,
        topic=str(form.get("topic") or ""),
        is_emergency=emergency,
        is_drill=one.channel == "drill" if one else form.get("drill") == "1",
        typed=composing.read_typed(form),
        picked=picking.read_picked(form, here.criteria),
        when=timing.read_when(form),
    )


async def _sheet_of(here: Visit, one: Delivery) -> Sheet:
    return Sheet(
        title=one.title,
        number=one.number or "",
        section=one.section,
        topic=one.topic or "",
        is_emergency=one.emergency,
        is_drill=one.channel == "drill",
        typed=composing.decompose(one.content, await _names(here, one.content)),
        picked=picking.picked_of(one.condition, here.criteria),
        when=timing.when_of(one, here.criteria),
    )


async def _names(here: Visit, content: Mapping[str, Any]) -> dict[str, str]:
    return await here.page.read(images.names_in, images.base_for(here.page), content)


async def _show(
    here: Visit,
    sheet: Sheet,
    one: Delivery | None = None,
    *,
    fault: str = "",
    place: str = "",
    version: str = "",
) -> Response:
    page = here.page
    known = await page.read(_find_around, here, sheet, one)
    shown = {
        "sheet": sheet,
        "one": one,
        "version": version or (str(one.version) if one else ""),
        "fault": fault,
        "place": place,
        "sections": writing_sections(here.staff),
        "languages": NAMES,
        "kinds": composing.KINDS,
        "buttons": range(composing.BUTTONS),
        **around_picked(here, sheet.picked),
        "timing": timing,
        "date_fields": timing.date_fields(here.criteria),
        "topics": [(each.id, label_of(each.label)) for each in offered(_topics(page))],
        "may_emergency": here.staff.may(EMERGENCY, int(sheet.section)),
        "image_base": page.path("/segment/image"),
        "may_images": images.may_send(page),
        **known,
        **await reach(here, sheet.picked, is_asked=False),
    }
    return here.render("console/write.html", **shown)


def around_picked(here: Visit, picked: Picked) -> dict[str, Any]:
    """What the builder of conditions needs of a template."""
    known = {each.key: each for each in picking.choices(here.criteria)}
    return {"picked": picked, "choices": known, "units": picking.UNITS}


def _topics(page: Any) -> Any:
    return page.plugin.settings.topics


def _find_around(db: Session, here: Visit, sheet: Sheet, one: Delivery | None) -> dict[str, Any]:
    mine = visible(db, here.staff)
    names = names_of(db)
    kept = [each for each in saved.find_audiences(db) if each.section in mine]
    draft = _draft_for_lint(sheet, one, here)
    findings = lint.find(draft, here.page.now, here.office(db, sheet.section)) if draft else []
    return {
        "kept": [(each.id, f"{each.name}（{names.get(each.section, '')}）") for each in kept],
        "templates": templates.find_all(db, sheet.section),
        "section_name": name_of(db, sheet.section),
        "findings": findings,
    }


def _draft_for_lint(sheet: Sheet, one: Delivery | None, here: Visit) -> Any:
    """What is typed, for reading it; None as long as it is no message yet."""
    said = {
        language: [
            {"type": "text", "text": "\n".join(piece.said.get(language, {}).values())}
            for piece in sheet.typed.pieces
        ]
        for language in sheet.typed.languages
    }
    said = {key: value for key, value in said.items() if any(one["text"].strip() for one in value)}
    return _Draft(said, "drill" if sheet.is_drill else "live") if said else None


@dataclass(frozen=True, slots=True)
class _Draft:
    """As much of a delivery as `lint` reads."""

    content: Mapping[str, Any]
    channel: str


# What buttons do.


async def _change(here: Visit, sheet: Sheet, do: str, form: Any) -> tuple[Sheet, str]:
    """Add or take away something of the form; and where on the page that was."""
    name, _, rest = do.partition(":")
    numbers = [int(part) for part in rest.split(".") if part.isdecimal() and len(part) < 3]
    typed = sheet.typed
    match name, numbers:
        case "piece", _:
            kind = str(form.get("add_piece") or "text")
            if len(typed.pieces) >= MAX_MESSAGES or kind not in composing.KINDS:
                raise Refused("content", f"1回に送れるのは、{MAX_MESSAGES}つまでです。")
            pieces = (*typed.pieces, Piece(kind))
            return replace(sheet, typed=replace(typed, pieces=pieces)), "what"
        case "drop", [n]:
            pieces = tuple(one for at, one in enumerate(typed.pieces) if at != n)
            pieces = pieces or (Piece("text"),)
            return replace(sheet, typed=replace(typed, pieces=pieces)), "what"
        case "up", [n] if 0 < n < len(typed.pieces):
            moved = list(typed.pieces)
            moved[n - 1], moved[n] = moved[n], moved[n - 1]
            return replace(sheet, typed=replace(typed, pieces=tuple(moved))), "what"
        case "language", _:
            language = str(form.get("add_language") or "")
            if language in NAMES and language not in typed.languages:
                typed = replace(typed, languages=(*typed.languages, language))
            return replace(sheet, typed=typed), "what"
        case (("lint" | "when"), _):
            return sheet, "what" if name == "lint" else "when"
        case _:
            return replace(sheet, picked=await change_picked(here, sheet.picked, do, form)), "who"


async def change_picked(here: Visit, picked: Picked, do: str, form: Any) -> Picked:
    """Add or take away conditions."""
    name, _, rest = do.partition(":")
    numbers = [int(part) for part in rest.split(".") if part.isdecimal() and len(part) < 3]
    match name, numbers:
        case "row", [g]:
            return picking.add_row(picked, g, str(form.get(f"g{g}.add") or ""), here.criteria)
        case "unrow", [g, r]:
            return picking.drop_row(picked, g, r)
        case "group", _:
            return picking.add_group(picked)
        case "kept", _:
            return await _load(here, form)
    return picked


async def _load(here: Visit, form: Any) -> Picked:
    number = str(form.get("kept") or "")
    found = None
    if number.isdecimal() and len(number) < 16:
        found = await here.page.read(saved.find_audience, int(number))
    if found is None or found.section not in await here.page.read(visible, here.staff):
        raise Refused("condition", "保存した相手を、一覧からえらんでください。")
    return picking.picked_of(found.condition, here.criteria)


async def _take_images(here: Visit, typed: Typed, form: Any) -> Typed:
    """The same, with the pictures that were sent along."""
    pieces = []
    for n, piece in enumerate(typed.pieces):
        file = form.get(f"m{n}.file")
        if file is not None and not isinstance(file, str) and file.filename:
            name = await images.take(here, file)
            piece = replace(piece, shared={**piece.shared, "image": name})
        pieces.append(piece)
    return replace(typed, pieces=tuple(pieces))


async def _store(
    here: Visit, sheet: Sheet, one: Delivery | None, version: str, do: str
) -> Response:
    page = here.page
    names = {piece.shared.get("image", "") for piece in sheet.typed.pieces} - {""}
    known = await page.read(images.addresses, images.base_for(page), names)
    content = composing.compose(sheet.typed, known)
    if do == "template":
        if not sheet.title:
            raise Refused("title", "題名を書いてください。ひな型の名前になります。")
        await here.act(templates.save, here.who, sheet.section, sheet.title, content, page.now)
        raise Refused("kept", f"「{sheet.title}」を、ひな型として残しました。")
    fields = _fields(here, sheet, content)
    if sheet.is_drill and not page.inside.has_drill:
        raise Refused("drill", "訓練用のアカウントが、まだありません。管理する人に頼んでください。")
    if one is None:
        channel = "drill" if sheet.is_drill else "live"
        one = await here.act(
            drafts.create, here.who, sheet.section, page.now, channel=channel, **fields
        )
    else:
        number = int(version) if version.isdecimal() and len(version) < 10 else 0
        one = await here.act(drafts.edit, here.who, one.id, number, page.now, **fields)
    back = f"/console/segment/deliveries/{one.id}"
    return RedirectResponse(page.path(back if do == "preview" else f"{back}/edit?done=saved"), 303)


def _fields(here: Visit, sheet: Sheet, content: Any) -> dict[str, Any]:
    tree = None if sheet.is_drill else picking.condition_of(sheet.picked, here.criteria)
    if not sheet.title:
        raise Refused("title", "題名を書いてください。職員だけが見る、短い名前です。")
    why = describe(read_condition(tree, here.criteria), here.criteria) if tree else ""
    when = {"every": "once"} if sheet.is_emergency else timing.timing_of(sheet.when, here.criteria)
    more = timing.more_of(When("now", sheet.when.values) if sheet.is_emergency else sheet.when)
    return {
        "title": sheet.title,
        "number": sheet.number or None,
        "content": content,
        "condition": tree,
        "why": "" if tree == {"everyone": True} else why,
        "topic": sheet.topic or None,
        "timing": when,
        "emergency": sheet.is_emergency,
        **more,
    }
