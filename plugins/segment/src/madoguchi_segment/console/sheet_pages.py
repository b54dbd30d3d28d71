# nosay: what is said here, staff read
"""受け取り設定のファイル: residents' answers out and in, as CSV and Excel, checked row by row."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from madoguchi import JST
from madoguchi_segment.audiences import (
    AudienceUnavailable,
    ConditionError,
    Everyone,
    read_condition,
    saved,
)
from madoguchi_segment.console.visiting import Visit, names_of, visible, visit
from madoguchi_segment.sheets import (
    Checked,
    SheetRefused,
    check_file,
    take_file,
    write_csv,
    write_excel,
)

KINDS = {
    "csv": ("CSV", "text/csv; charset=utf-8", "csv"),
    "cp932": ("CSV（古いExcel）", "text/csv; charset=Shift_JIS", "csv"),
    "xlsx": (
        "Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
}
MOST_SHOWN = 200


async def show(request: Request) -> Response:
    """`GET /answers`; with `?as=`, the file."""
    here = _visit(request)
    if kind := request.query_params.get("as"):
        return await _write(here, kind, request.query_params.get("kept", ""))
    return await _show(here)


def _visit(request: Request) -> Visit:
    here = visit(request)
    if here.staff.is_contractor:
        raise HTTPException(403)  # a file cannot be masked
    return here


async def _show(here: Visit, checked: Checked | None = None, fault: str = "") -> Response:
    names = await here.page.read(names_of)
    mine = await here.page.read(visible, here.staff)
    kept = [one for one in await here.page.read(saved.find_audiences) if one.section in mine]
    problems = checked.problems[:MOST_SHOWN] if checked else ()
    return here.render(
        "console/answers.html",
        kept=[(one.id, f"{one.name}（{names.get(one.section, '')}）") for one in kept],
        kinds=[(key, words) for key, (words, _, _) in KINDS.items()],
        checked=checked,
        problems=problems,
        fault=fault,
    )


async def take(request: Request) -> Response:
    """`POST /answers`: check a file, or take it in."""
    here = _visit(request)
    page = here.page
    async with request.form(max_files=1) as form:
        file, do = form.get("file"), form.get("do")
        if file is None or isinstance(file, str) or not file.filename:
            return await _show(here, fault="ファイルをえらんでください。")
        given = (file.file, file.filename, here.criteria)
        try:
            if do != "take":
                return await _show(here, await check_file(page.read, *given, page.now))
            actor = here.staff.actor
            checked = await take_file(page.read, page.write, *given, actor, page.now)
        except SheetRefused as error:
            return await _show(here, fault=str(error))
    if checked.count:
        return await _show(here, checked)
    return RedirectResponse(page.path("/console/segment/answers?done=saved"), 303)


async def _write(here: Visit, kind: str, kept: str) -> Response:
    if kind not in KINDS:
        raise HTTPException(404)
    page = here.page
    condition: Any = Everyone()
    if kept.isdecimal() and len(kept) < 16:
        found = await page.read(saved.find_audience, int(kept))
        if found is None or found.section not in await page.read(visible, here.staff):
            raise HTTPException(404)
        try:
            condition = read_condition(found.condition, here.criteria)
        except ConditionError:
            fault = "この相手には、もう使えない条件があります。開いて、直してください。"
            return await _show(here, fault=fault)
    _, media, ending = KINDS[kind]
    pieces = _pieces(here, kind, condition)
    try:
        first = await anext(pieces, b"")
    except AudienceUnavailable:
        return await _show(here, fault="いまは出せません。少しあとで、もう一度ためしてください。")
    await page.write(page.audit, "answers.export", "answers", {"kind": kind, "audience": kept})
    name = f"answers-{page.now.astimezone(JST):%Y%m%d}.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_joined(first, pieces), media_type=media, headers=headers)


def _pieces(here: Visit, kind: str, condition: Any) -> AsyncIterator[bytes]:
    what = (here.page.read, condition, here.criteria, here.page.now)
    if kind == "xlsx":
        return write_excel(*what)
    return write_csv(*what, encoding="utf-8-sig" if kind == "csv" else "cp932")


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
