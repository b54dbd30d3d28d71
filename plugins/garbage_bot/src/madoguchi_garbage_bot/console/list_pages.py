# nosay: what is said here, staff read
"""ごみの一覧: a file is looked at, then its difference; then it is live, whole or not at all."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi import JST
from madoguchi_garbage_bot import additions, knowledge, lists, questions, telling
from madoguchi_garbage_bot.dictionary import Dictionary, Entry, Loaded, load_dictionary
from madoguchi_garbage_bot.difference import compare
from madoguchi_garbage_bot.knowledge import Kept
from madoguchi_garbage_bot.search import Kind, Search
from madoguchi_garbage_bot.writing import find_lost, write_list

MOST_SHOWN = 200
CITY_FILE = "市の設定のファイル"
OVERTAKEN = (
    "ほかの人が、先に一覧を切り替えました。切り替えていません。もう一度、ちがいを見てください。"
)


async def show(request: Request) -> Response:
    """`GET /list`; with `?as=csv`, the live list as a file."""
    page = request.state.page
    if request.query_params.get("as") == "csv":
        return await _download(page)
    return await _show(page)


async def _show(
    page: Any, fault: str = "", refused: Loaded | None = None, file: str = "", status: int = 200
) -> Response:
    kept, about, former = await page.read(_look)
    live = await _live(page, kept)
    problems = refused.problems if refused else ()
    return page.render(
        "console/list.html",
        status,
        live=live,
        added=sum(entry.id.startswith("added-") for entry in live.entries),
        name=kept.name or CITY_FILE,
        about=about,
        former=former,
        number=kept.number,
        may_words=page.path("/console/garbage_bot/words"),
        fault=fault,
        file=file,
        errors=len(refused.errors) if refused else 0,
        problems=problems[:MOST_SHOWN],
        more=max(len(problems) - MOST_SHOWN, 0),
        title=CITY_FILE,
    )


def _look(db: Session) -> tuple[Kept, Any, Any]:
    return knowledge.read_kept(db), lists.find_live(db), lists.find_former(db)


async def _live(page: Any, kept: Kept) -> Dictionary:
    """What residents are told from; this process may be a second behind the database."""
    state = page.plugin.state
    if kept.made_of == state.kept.made_of:
        return state.search.dictionary
    listed = await asyncio.to_thread(knowledge.load_list, page.plugin, kept)
    return additions.extend(listed, kept.more)


async def _download(page: Any) -> Response:
    live = await _live(page, await page.read(knowledge.read_kept))
    made = await asyncio.to_thread(write_list, live)
    name = f"garbage-{page.now.astimezone(JST):%Y%m%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="text/csv; charset=utf-8", headers=headers)


async def take(request: Request) -> Response:
    """`POST /list`: look at a file. One with errors is refused, and nothing of it is kept."""
    page = request.state.page
    async with request.form(max_files=1) as form:
        file = form.get("file")
        if file is None or isinstance(file, str) or not file.filename:
            return await _show(page, "ファイルをえらんでください。", status=422)
        name = file.filename
        data = await file.read(lists.MOST_BYTES + 1)
    if len(data) > lists.MOST_BYTES:
        return await _show(page, "ファイルが大きすぎます。10MBまでにしてください。", status=422)
    columns = dict(page.plugin.config.columns)
    loaded = await asyncio.to_thread(load_dictionary, data, name, columns)
    if loaded.dictionary is None:
        return await _show(page, refused=loaded, file=name, status=422)
    values = {"name": name, "data": data, "columns": columns}
    number = await page.write(_keep, page, len(loaded.dictionary.entries), values)
    return RedirectResponse(page.path(f"/console/garbage_bot/list/{number}"), 303)


def _keep(db: Session, page: Any, entries: int, values: dict[str, Any]) -> int:
    number = lists.put(db, entries=entries, by=page.actor.label, at=page.now, **values)
    page.audit(db, "garbage.upload", f"garbage:{number}", {"entries": entries})
    return number


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list that may become live: the city's file has the number 0."""

    number: int
    name: str
    loaded: Loaded
    row: Any = None


async def show_one(request: Request) -> Response:
    """`GET /list/3`: what is in it, and what it would change; 0 is the city's file."""
    page, number = request.state.page, request.path_params["number"]
    return await _show_one(page, await _find(page, number))


async def _find(page: Any, number: int) -> _Listed:
    row = await page.read(lists.find, number) if number else None
    if number and row is None:
        raise HTTPException(404)
    if row is None:
        try:
            found = await asyncio.to_thread(
                knowledge.load_file, page.plugin.config, page.plugin.city_folder
            )
        except knowledge.NotUsable as error:
            raise HTTPException(404) from error
        return _Listed(0, CITY_FILE, Loaded(found, ()))
    loaded = await asyncio.to_thread(load_dictionary, bytes(row.data), row.name, dict(row.columns))
    return _Listed(number, row.name, loaded, row)


async def _show_one(page: Any, one: _Listed, fault: str = "") -> Response:
    kept = await page.read(knowledge.read_kept)
    if one.loaded.dictionary is None:  # it was usable once, and rules have changed since
        return await _show(page, refused=one.loaded, file=one.name, status=422)
    live = await _live(page, kept)
    new = additions.extend(one.loaded.dictionary, kept.more)
    change = await asyncio.to_thread(compare, live, new)
    names = {entry.name for entry in new.entries}
    lost = find_lost(additions.taught(kept.more), names)
    remarks = one.loaded.remarks
    return page.render(
        "console/list_one.html",
        409 if fault else 200,
        one=one,
        is_live=one.number == kept.number,
        live_number=kept.number,
        count=len(new.entries),
        categories=new.categories,
        change=change,
        is_much=len(change.removed) * 10 > len(live.entries),
        lost=lost,
        remarks=remarks[:MOST_SHOWN],
        more=max(len(remarks) - MOST_SHOWN, 0),
        most=MOST_SHOWN,
        fault=fault,
        back=page.path("/console/garbage_bot/list"),
    )


async def switch(request: Request) -> Response:
    """`POST /list/3`: 「この一覧に切り替える」."""
    page, number = request.state.page, request.path_params["number"]
    one = await _find(page, number)
    if one.loaded.dictionary is None:
        return await _show(page, refused=one.loaded, file=one.name, status=422)
    async with request.form() as form:
        seen = str(form.get("instead_of", ""))
    instead_of = int(seen) if seen.isdecimal() and len(seen) < 16 else -1
    answers = await _answer_waiting(page, one)
    try:
        await page.write(_switch, page, number, instead_of, answers)
    except lists.Overtaken:
        return await _show_one(page, one, OVERTAKEN)
    return RedirectResponse(page.path("/console/garbage_bot/list?done=saved"), 303)


async def _answer_waiting(page: Any, one: _Listed) -> dict[int, Entry]:
    """The questions of which somebody wants to be told, and that this list answers for sure."""
    kept, waiting = await page.read(_find_waiting)
    dictionary = one.loaded.dictionary
    if not waiting or dictionary is None:
        return {}

    def ask() -> dict[int, Entry]:
        search = Search(additions.extend(dictionary, kept.more)).teach(additions.taught(kept.more))
        found = {number: search.ask(text) for number, text in waiting}
        return {
            number: result.entries[0]
            for number, result in found.items()
            if result.kind is Kind.ANSWER
        }

    return await asyncio.to_thread(ask)


def _find_waiting(db: Session) -> tuple[Kept, list[tuple[int, str]]]:
    return knowledge.read_kept(db), questions.find_waiting(db)


def _switch(
    db: Session, page: Any, number: int, instead_of: int, answers: dict[int, Entry]
) -> None:
    lists.switch(db, number, instead_of=instead_of, by=page.actor.label, at=page.now)
    page.audit(db, "garbage.switch", f"garbage:{number}", {"instead_of": instead_of})
    for asked, entry in answers.items():
        telling.tell(page, db, [asked], entry)
    questions.settle(db, answers, "answered")
    page.plugin.changed(db, lists.CHANGE)
