# nosay: what is said here, staff read
"""見本と結果: one page for a delivery, whatever its state; and its 配信伺い for paper."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from madoguchi_segment.console import images, situations
from madoguchi_segment.console.situations import READERS, Shown, Situation
from madoguchi_segment.console.visiting import Visit, name_of, visit
from madoguchi_segment.deliveries import approving, figures, runs
from madoguchi_segment.deliveries.states import Delivery, State

PREVIEWED = {State.DRAFT, State.REVIEW, State.APPROVED, State.SCHEDULED}
WHAT = {
    "requested": "確認を頼んだ",
    "approved": "承認した",
    "returned": "差戻した",
    "sent": "緊急で送った",
    "confirmed": "あとから確認した",
}
DID = {
    "request": "確認を頼みました。",
    "approve": "承認しました。",
    "return": "差戻しました。書いた人のホームに出ます。",
    "schedule": "予約しました。",
    "emergency": "緊急で送ります。24時間以内に、ほかの人の確認が必要です。",
    "confirm": "確認しました。",
    "test": "公用端末に送りました。",
    "release": "送ります。",
    "drop": "この回は、送りません。",
    "pause": "一時停止しました。",
    "resume": "再開しました。",
    "cancel": "取消にしました。まだ届いていない人には、送りません。",
    "repeat": "返事のなかった人に、もう一度送ります。",
    "leave": "このまま終えました。",
    "give%20up": "取消にしました。",
}
RUNS = {
    "planned": "予定",
    "held": "止めて確認中",
    "freezing": "準備中",
    "going": "送信中",
    "done": "終わり",
    "cancelled": "取消",
}


async def show(request: Request) -> Response:
    """`GET /deliveries/{number}`: the whole preview, and what can be done. Opening is recorded."""
    here = visit(request)
    one = await here.find(request.path_params["number"])
    if one.state in PREVIEWED and one.content.get("ja"):
        seen = await here.page.read(approving.has_seen, one, here.who.id)
        if not seen:
            await here.page.write(
                approving.note_preview, here.who, one.id, one.version, here.page.now
            )
    if one.state is State.SENDING:
        await here.act(runs.follow, here.page.now)
        one = await here.find(one.id)
    return await answer(here, one)


async def answer(
    here: Visit, one: Delivery, fault: str = "", typed: dict[str, str] | None = None
) -> Response:
    """The page; `fault` is why something was refused."""
    situation = await here.page.read(_gather, here, one)
    return here.render(
        "console/delivery.html",
        here=situation,
        one=situation.one,
        fault=fault,
        typed=typed or {},
        what=WHAT,
        did=DID,
        run_words=RUNS,
        reasons=figures.REASONS,
        readers=READERS,
        progress=progress_of(situation),
    )


def _gather(db: Session, here: Visit, one: Delivery) -> Situation:
    show = Shown(images.base_for(here.page), here.page.path("/segment/image/"))
    office = here.office(db, one.section)
    return situations.gather(
        db, one, here.who, here.criteria, office, here.is_closed, here.page.now, show
    )


def progress_of(situation: Situation) -> dict[str, Any] | None:
    """The bar of what goes out: percent, and how long it takes still."""
    found = situation.figures
    if found is None:
        return None
    done = found.frozen - found.waiting
    percent = 100 if not found.frozen else done * 100 // found.frozen
    return {"percent": percent, "left": how_long(found.seconds_left)}


def how_long(seconds: float | None) -> str:
    """How long it takes still, roughly."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "あと1分以内"
    minutes = int(seconds // 60) + 1
    if minutes < 60:
        return f"あと約{minutes}分"
    return f"あと約{minutes // 60}時間{minutes % 60}分"


async def show_paper(request: Request) -> Response:
    """`GET /deliveries/{number}/paper`: the 配信伺い."""
    here = visit(request)
    one = await here.find(request.path_params["number"])
    situation = await here.page.read(_gather, here, one)
    section = await here.page.read(name_of, one.section)
    return here.render(
        "console/paper.html", here=situation, one=one, section=section, what=WHAT, readers=READERS
    )
