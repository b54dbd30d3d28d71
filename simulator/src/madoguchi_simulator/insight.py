"""Statistics: taps on rich menus, what LINE has not counted yet, and the units of a month (R33).

Nobody reads messages here, so of them there is nothing to count: each answer is the one that LINE
gives before it has counted.
"""

import re
from datetime import datetime
from typing import Any

from .api import Endpoint
from .errors import Refusal
from .exchange import Call
from .paging import read_start, to_next
from .simulator import Simulator

_MOST_UNITS = 100
_UNSEEN = dict.fromkeys(
    ("uniqueImpression", "uniqueClick", "uniqueMediaPlayed", "uniqueMediaPlayed100Percent")
)


def _unready(simulator: Simulator, call: Call) -> dict[str, Any]:
    _check_dates(call, "date")
    return {"status": "unready"}


def _no_demographic(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"available": False}


def _no_event(simulator: Simulator, call: Call) -> dict[str, Any]:
    request_id = call.query.get("requestId")
    if not request_id:
        raise Refusal(400, "requestId is required")
    overview = {"requestId": request_id, **_UNSEEN}
    return {"overview": overview, "messages": [], "clicks": []}


def _no_unit(simulator: Simulator, call: Call) -> dict[str, Any]:
    _check_dates(call, "from", "to")
    if not call.query.get("customAggregationUnit"):
        raise Refusal(400, "customAggregationUnit is required")
    return {"overview": dict(_UNSEEN), "messages": [], "clicks": []}


def _taps(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.menu_taps.summary(*_menu_and_days(simulator, call))


def _taps_by_day(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.menu_taps.daily(*_menu_and_days(simulator, call))


def _menu_and_days(simulator: Simulator, call: Call) -> tuple[dict[str, Any], str, str, int]:
    menu = simulator.menus.get(call.parts[0])
    _check_dates(call, "from", "to")
    return menu, call.query["from"], call.query["to"], simulator.settings.insight_least


def _unit_count(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"numOfCustomAggregationUnits": len(simulator.book.units())}


def _units(simulator: Simulator, call: Call) -> dict[str, Any]:
    limit = call.query.get("limit", str(_MOST_UNITS))
    if not limit.isdecimal() or not 1 <= int(limit) <= _MOST_UNITS:
        raise Refusal(400, "The value for the 'limit' parameter is invalid")
    now = simulator.clock.time()
    start = read_start(call.query["start"], now) if "start" in call.query else 0
    units, end = simulator.book.units(), start + int(limit)
    more = {"next": to_next(end, now)} if end < len(units) else {}
    return {"customAggregationUnits": units[start:end], **more}


def _check_dates(call: Call, *names: str) -> None:
    for name in names:
        value = call.query.get(name)
        if value is None:
            raise Refusal(400, f"{name} is required")
        try:
            if not re.fullmatch(r"\d{8}", value):
                raise ValueError(value)
            datetime.strptime(value, "%Y%m%d")
        except ValueError:
            raise Refusal(400, "Bad Request") from None


_INSIGHT, _AGGREGATION = "/v2/bot/insight", "/v2/bot/message/aggregation"
_MENU = f"{_INSIGHT}/richmenu/{{richMenuId}}"

INSIGHT = (
    Endpoint("insight", "GET", f"{_INSIGHT}/followers", _unready),
    Endpoint("insight", "GET", f"{_INSIGHT}/message/delivery", _unready),
    Endpoint("insight", "GET", f"{_INSIGHT}/demographic", _no_demographic),
    Endpoint("insight", "GET", f"{_INSIGHT}/message/event", _no_event),
    Endpoint("insight", "GET", f"{_INSIGHT}/message/event/aggregation", _no_unit),
    Endpoint("insight", "GET", f"{_MENU}/summary", _taps),
    Endpoint("insight", "GET", f"{_MENU}/daily", _taps_by_day),
    Endpoint("aggregation", "GET", f"{_AGGREGATION}/info", _unit_count),
    Endpoint("aggregation", "GET", f"{_AGGREGATION}/list", _units),
)
