"""Lists: filters in the address, order, pages, live, keys, and the same as CSV or Excel.

A page says what its rows and columns are; the rest is the same everywhere:

    VIEW = ListView(
        "配信",
        select(delivery),
        [Column("題名", lambda row: row.title, "title", delivery.c.title, link=path_of)],
        filters=[Filter("state", "状態", lambda value: delivery.c.state == value, STATES)],
        order=[delivery.c.id.desc()],
        topic="deliveries",
    )

    async def show_deliveries(request):
        return await show_list(request, VIEW)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from madoguchi_console import exporting
from madoguchi_console.framing import show_day, show_moment

MOST_EXPORTED = 100_000
LONGEST = 200
"""Characters of a filter's value."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `show(row)` is a text, a number, a day, a moment or None."""

    label: str
    show: Callable[[Any], Any]
    name: str = ""
    """What it is called in the address, if rows can be put in its order."""
    sort: Any = None
    """The SQL expression for that."""
    link: Callable[[Any], str] | None = None
    """`link(row)`: a path below this plugin's pages, such as `/deliveries/12`."""
    is_number: bool = False
    is_personal: bool = False
    """People from outside see three dots."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: `where(value)` is an SQL condition. Without `options` something is typed."""

    name: str
    label: str
    where: Callable[[Any], Any]
    options: Sequence[tuple[str, str]] = ()
    """Value and words of each choice; 「すべて」 stands before them."""
    kind: str = "search"
    """`search`, or `date`: then `where` gets a `datetime.date`."""


@dataclass(frozen=True, slots=True)
class ListView:
    """What a list shows."""

    title: str
    query: Select[Any]
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    order: Sequence[Any] = ()
    """How rows are ordered unless somebody chose otherwise; its last part tells all rows apart."""
    per_page: int = 50
    topic: str = ""
    """The list is live: it is looked at again after `plugin.changed(db, topic)`."""
    export: str | None = None
    """The permission with which the list can be taken out as a file; None: nobody can."""
    file: str = "list"
    """What such a file is called."""
    empty: str = "まだありません。"
    actions: Sequence[tuple[str, str]] = ()
    """Words and path of buttons above the list."""
    intro: str = ""
    """A sentence below the title."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the page shows it."""

    text: str
    path: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: where its link leads, and how rows are ordered by it now."""

    label: str
    path: str = ""
    order: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter with what was chosen."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What templates know as `listing`."""

    view: ListView
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    count: int
    page: int
    pages: int
    filters: Sequence[Asked]
    kept: Mapping[str, str]
    """What the form of filters keeps of the address: the order."""
    topic: str
    before: str = ""
    after: str = ""
    exports: Sequence[tuple[str, str]] = ()
    actions: Sequence[tuple[str, str]] = ()
    is_filtered: bool = False
    plain: str = ""
    """The address without filters."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for."""

    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1


async def show_list(
    request: Request, view: ListView, template: str | None = None, **values: Any
) -> Response:
    """Answer with the list, or with a file of it (`?as=csv`, `csv-cp932`, `xlsx`).

    `template` is one of the plugin's own that begins with `{% extends "console/list.html" %}` and
    fills its blocks `above` and `below`; templates know `values`.
    """
    page, desk = request.state.page, request.state.desk
    chosen = read_address(request, view)
    query = _narrow(view, chosen)
    if kind := request.query_params.get("as"):
        return await _export(request, view, query, kind)
    found = await page.read(_find, query, view, chosen)
    listing = _build(request, view, chosen, *found)
    if template is not None:
        return page.render(template, listing=listing, **values)
    return desk.render("list.html", listing=listing, **values)


def read_address(request: Request, view: ListView) -> Chosen:
    """Filters, order and page; what makes no sense is passed over."""
    asked = request.query_params
    filters = {}
    for one in view.filters:
        value = asked.get(one.name, "").strip()[:LONGEST]
        known = {known for known, _ in one.options}
        if value and (not known or value in known) and (one.kind != "date" or _day(value)):
            filters[one.name] = value
    names = {column.name for column in view.columns if column.sort is not None}
    sort = asked.get("sort", "")
    number = asked.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 1
    return Chosen(filters, sort if sort.removeprefix("-") in names else "", max(page, 1))


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _narrow(view: ListView, chosen: Chosen) -> Select[Any]:
    query = view.query
    for one in view.filters:
        if one.name in chosen.filters:
            value = chosen.filters[one.name]
            query = query.where(one.where(_day(value) if one.kind == "date" else value))
    order = list(view.order)
    if chosen.sort:
        name = chosen.sort.removeprefix("-")
        by = next(one.sort for one in view.columns if one.name == name)
        order.insert(0, by.desc() if chosen.sort.startswith("-") else by.asc())
    return query.order_by(*order)


def _find(
    db: Session, query: Select[Any], view: ListView, chosen: Chosen
) -> tuple[Sequence[Any], int, int]:
    """The rows of the page, how many there are in all, and which page it is."""
    counted = query.order_by(None).subquery()
    count = db.scalar(select(func.count()).select_from(counted)) or 0
    pages = max(1, -(-count // view.per_page))
    page = min(chosen.page, pages)
    rows = db.execute(query.limit(view.per_page).offset((page - 1) * view.per_page)).all()
    return rows, count, page


def _build(
    request: Request, view: ListView, chosen: Chosen, rows: Sequence[Any], count: int, page: int
) -> Listing:
    context, desk = request.state.page, request.state.desk
    at = desk.here.partition("?")[0]
    is_own = context.plugin.name == desk.own.plugin.name
    base = context.path("/console" if is_own else f"/console/{context.plugin.name}")

    def address(**changed: str) -> str:
        now = {**chosen.filters, "sort": chosen.sort, **changed}
        query = urlencode({name: value for name, value in now.items() if value})
        return f"{at}?{query}" if query else at

    heads = []
    for one in view.columns:
        is_this = chosen.sort.removeprefix("-") == one.name and bool(one.name)
        order = ("descending" if chosen.sort[0] == "-" else "ascending") if is_this else ""
        after = f"-{one.name}" if order == "ascending" else one.name
        path = address(sort=after) if one.sort is not None else ""
        heads.append(Head(one.label, path, order, one.is_number))
    pages = max(1, -(-count // view.per_page))
    may_export = view.export is not None and desk.may(view.export)
    kinds = (("csv", "CSV"), ("csv-cp932", "CSV（古いExcel）"), ("xlsx", "Excel"))
    return Listing(
        view,
        heads,
        [[_cell(one, row, base, desk) for one in view.columns] for row in rows],
        count,
        page,
        pages,
        [
            Asked(one.name, one.label, one.options, one.kind, chosen.filters.get(one.name, ""))
            for one in view.filters
        ],
        {"sort": chosen.sort} if chosen.sort else {},
        f"{context.plugin.name}:{view.topic}" if view.topic else "",
        address(page=str(page - 1)) if page > 1 else "",
        address(page=str(page + 1)) if page < pages else "",
        [(words, address(**{"as": kind})) for kind, words in kinds] if may_export else (),
        [(words, base + path) for words, path in view.actions],
        bool(chosen.filters),
        at,
    )


def _cell(column: Column, row: Any, base: str, desk: Any) -> Cell:
    text = show_value(column.show(row))
    if column.is_personal:
        text = desk.mask(text)
    path = base + column.link(row) if column.link else ""
    return Cell(text, path, column.is_number)


def show_value(value: Any) -> str:
    """A value as staff read it."""
    if isinstance(value, datetime):
        return show_moment(value)
    if isinstance(value, date):
        return show_day(value)
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


async def _export(request: Request, view: ListView, query: Select[Any], kind: str) -> Response:
    page, staff = request.state.page, request.state.staff
    if view.export is None or kind not in exporting.KINDS:
        raise HTTPException(404)
    if not staff.may(view.export):
        raise HTTPException(403)

    def find(db: Session) -> Sequence[Any]:
        return db.execute(query.limit(MOST_EXPORTED)).all()

    rows = await page.read(find)
    table = [
        [staff.mask(one.show(row)) if one.is_personal else one.show(row) for one in view.columns]
        for row in rows
    ]
    heads = [one.label for one in view.columns]
    detail = {"rows": len(table), "kind": kind}
    await page.write(page.audit, "list.export", f"list:{page.plugin.name}/{view.file}", detail)
    return await exporting.answer(kind, view.file, view.title, heads, table, page.now)
