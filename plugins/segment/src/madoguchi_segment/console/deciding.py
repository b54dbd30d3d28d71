# nosay: what is said here, staff read
"""What people decide about a delivery: ask, approve, send back, send, pause, end, correct, copy."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi_segment.console import showing
from madoguchi_segment.console.situations import reach_of
from madoguchi_segment.console.visiting import Colleague, Visit, visit
from madoguchi_segment.deliveries import (
    approving,
    correcting,
    drafts,
    questions,
    runs,
    states,
    trying,
)
from madoguchi_segment.deliveries.approving import APPROVE
from madoguchi_segment.deliveries.drafts import WRITE
from madoguchi_segment.deliveries.states import Delivery, Refused, State

Deed = Callable[[Visit, Delivery, dict[str, str]], Awaitable[Any]]


async def decide(request: Request) -> Response:
    """`POST /deliveries/{number}`: what the button `do` says; refused, the page says why."""
    here = visit(request)
    one = await here.find(request.path_params["number"])
    async with request.form() as form:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
    deed = DEEDS.get(typed.get("do", ""))
    if deed is None:
        raise HTTPException(404)
    try:
        target = await deed(here, one, typed)
    except Refused as error:
        return await showing.answer(here, await here.find(one.id), error.words, typed)
    did = quote(typed["do"])
    path = target if isinstance(target, str) else f"/deliveries/{one.id}?did={did}"
    return RedirectResponse(here.page.path(f"/console/segment{path}"), 303)


def _version(typed: dict[str, str]) -> int:
    text = typed.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


async def _request(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    await here.act(_ask, here, one, _version(typed), typed.get("comment", ""), here.page.now)


def _ask(
    db: Session, here: Visit, one: Delivery, version: int, comment: str, now: datetime
) -> None:
    if one.condition is not None and one.kind == "announcement":
        reach = reach_of(db, one, here.criteria, now)
        if reach.fault:
            raise Refused("condition", reach.fault)
        if reach.count == 0:
            raise Refused("empty", "送る相手が0人です。条件を直してください。")
    office = here.office(db, one.section)
    approving.request(db, here.who, one.id, version, now, comment=comment, office=office)


async def _approve(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    await here.act(_approve_and_reserve, here, one, typed, here.page.now)


def _approve_and_reserve(
    db: Session, here: Visit, one: Delivery, typed: dict[str, str], now: datetime
) -> None:
    """Approve a step; the last one reserves it, in the same unit, once questions are answered."""
    reach = reach_of(db, one, here.criteria, now)
    if reach.fault:
        raise Refused("condition", reach.fault)
    count = reach.count or 0
    moved = approving.approve(
        db,
        here.who,
        one.id,
        _version(typed),
        count,
        now,
        typed=typed.get("typed"),
        comment=typed.get("comment", ""),
    )
    if moved.state is State.APPROVED and {WRITE, APPROVE} & set(here.who.permissions(one.section)):
        _reserve(db, here, moved, typed, count, now)


async def _schedule(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    def reserve(db: Session) -> None:
        found = states.get(db, one.id)
        states.check_version(found, _version(typed))
        count = reach_of(db, found, here.criteria, here.page.now).count or 0
        _reserve(db, here, found, typed, count, here.page.now)

    await here.act(reserve)


def _reserve(
    db: Session, here: Visit, one: Delivery, typed: dict[str, str], count: int, now: datetime
) -> None:
    _require_answers(here, one, typed, count, now)
    approving.schedule(db, here.who, one.id, one.version, now)


def _require_answers(
    here: Visit, one: Delivery, typed: dict[str, str], count: int, now: datetime
) -> None:
    for asked in questions.before_sending(one, now, count, here.is_closed):
        if typed.get(f"yes.{asked.code}") != "1":
            raise Refused("question", f"{asked.words} よければ、下の確認に印を付けてください。")


async def _send_back(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    comment = typed.get("comment", "")
    now = here.page.now
    await here.act(approving.send_back, here.who, one.id, _version(typed), comment, now)


async def _emergency(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    def send(db: Session) -> None:
        reach = reach_of(db, one, here.criteria, here.page.now)
        if reach.fault or reach.count == 0:
            raise Refused("empty", reach.fault or "送る相手が0人です。条件を直してください。")
        if typed.get("yes.emergency") != "1":
            raise Refused(
                "question", "内容と相手を確かめ、「緊急で送る」の確認に印を付けてください。"
            )
        office = here.office(db, one.section)
        approving.require_complete(one, here.page.now, office)
        approving.send_emergency(db, here.who, one.id, _version(typed), here.page.now)

    await here.act(send)


async def _confirm(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    comment = typed.get("comment", "")
    await here.act(approving.confirm, here.who, one.id, here.page.now, comment=comment)


async def _test(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    version, language = _version(typed), typed.get("language", "ja")

    def send(db: Session) -> None:
        now = here.page.now
        trying.try_out(db, here.page.send, here.who, one.id, version, now, language=language)

    await here.act(send)


def _run_of(db: Session, one: Delivery, typed: dict[str, str]) -> int:
    text = typed.get("run", "")
    known = {run.id for run in runs.runs_of(db, one.id)}
    if not text.isdecimal() or len(text) > 15 or int(text) not in known:
        raise Refused("absent", "この送信は、ありません。画面を開き直してください。")
    return int(text)


async def _release(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    def release(db: Session) -> None:
        runs.release(db, here.who, _run_of(db, one, typed), here.page.now)

    await here.act(release)


async def _drop_run(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    def drop(db: Session) -> None:
        runs.drop(db, here.who, _run_of(db, one, typed), here.page.now)

    await here.act(drop)


def _steering(
    steer: Callable[[Session, Colleague, int, datetime], Delivery],
) -> Deed:
    async def deed(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
        await here.act(steer, here.who, one.id, here.page.now)

    return deed


async def _give_up(here: Visit, one: Delivery, typed: dict[str, str]) -> None:
    await here.act(drafts.cancel_draft, here.who, one.id, _version(typed), here.page.now)


async def _copy(here: Visit, one: Delivery, typed: dict[str, str]) -> str:
    made = await here.act(drafts.copy, here.who, one.id, here.page.now)
    return f"/deliveries/{made.id}/edit?did=copy"


async def _correct(here: Visit, one: Delivery, typed: dict[str, str]) -> str:
    made = await here.act(correcting.correct, here.who, one.id, here.page.now)
    return f"/deliveries/{made.id}/edit?did=correct"


DEEDS: dict[str, Deed] = {
    "request": _request,
    "approve": _approve,
    "return": _send_back,
    "schedule": _schedule,
    "emergency": _emergency,
    "confirm": _confirm,
    "test": _test,
    "release": _release,
    "drop": _drop_run,
    "pause": _steering(runs.pause),
    "resume": _steering(runs.resume),
    "cancel": _steering(runs.cancel),
    "repeat": _steering(runs.repeat),
    "leave": _steering(runs.leave),
    "give up": _give_up,
    "copy": _copy,
    "correct": _correct,
}
"""Value of the button → what it does. One that gives a path leads there."""
