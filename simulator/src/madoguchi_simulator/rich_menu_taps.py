"""A resident and the rich menu on the phone: what they see, and what a tap on an area does."""

from typing import Any

from .errors import Refusal
from .simulator import Simulator


def show_rich_menu(simulator: Simulator, user_id: str) -> dict[str, Any]:
    """The menu that the resident sees: ``richMenu`` (the menu object), ``richMenuId``, ``source``
    (user, default or manager) and ``image`` (its address under ``/sim``); None where there is none.
    """
    simulator.residents.get(user_id)
    menu_id, source = simulator.menu_links.seen_by(user_id)
    menu = simulator.menus.find(menu_id) if menu_id else None
    has_image = menu_id is not None and simulator.menus.image(menu_id) is not None
    return {
        "richMenu": menu,
        "richMenuId": menu_id,
        "source": source,
        "image": f"/sim/richmenus/{menu_id}/image" if has_image else None,
    }


async def tap_rich_menu(
    simulator: Simulator, user_id: str, area: Any, params: dict[str, str] | None
) -> dict[str, Any]:
    """The resident taps an area of the menu, named by its number (from 0) or its action's label.

    Returns:
        ``action``, and what a message or postback answers.

    Raises:
        Refusal: 404 if the resident sees no menu or there is no such area.
    """
    action = count_tap(simulator, user_id, area)
    return {"action": action, **await _perform(simulator, user_id, action, params)}


def count_tap(simulator: Simulator, user_id: str, area: Any) -> dict[str, Any]:
    """Count a tap for LINE's insight and return the area's action, which the phone does itself.

    Raises:
        Refusal: as `tap_rich_menu`.
    """
    shown = show_rich_menu(simulator, user_id)
    if shown["richMenu"] is None:
        raise Refusal(404, f"{user_id} sees no rich menu")
    actions = [one["action"] for one in shown["richMenu"]["areas"]]
    number = _find_area(actions, area)
    simulator.menu_taps.count(shown["richMenuId"], number, user_id)
    return actions[number]


async def _perform(
    simulator: Simulator, user_id: str, action: dict[str, Any], params: dict[str, str] | None
) -> dict[str, Any]:
    match action["type"]:
        case "message":
            return await simulator.send_message(user_id, {"type": "text", "text": action["text"]})
        case "postback":
            shown = action.get("displayText") or action.get("text")
            return await simulator.tap(user_id, action["data"], None, shown)
        case "datetimepicker":
            if not params:
                form = {action["mode"]: "…"}
                raise Refusal(400, f"a {action['mode']} is chosen here: add params, as {form}")
            return await simulator.tap(user_id, action["data"], params)
        case "richmenuswitch":
            outcome = _switch(simulator, user_id, action["richMenuAliasId"])
            return await simulator.tap(user_id, action["data"], outcome)
    return {}


def _switch(simulator: Simulator, user_id: str, alias: str) -> dict[str, str]:
    """Show the menu behind a tab; it becomes the resident's own. Answers the event's ``params``."""
    try:
        menu_id = simulator.menu_aliases.get(alias)["richMenuId"]
    except Refusal:
        return {"status": "RICHMENU_ALIAS_ID_NOTFOUND"}
    if not simulator.menus.is_ready(menu_id):
        return {"status": "RICHMENU_NOTFOUND"}
    if user_id not in simulator.residents.friends:
        return {"status": "FAILED"}
    simulator.menu_links.link(user_id, menu_id)
    return {"newRichMenuAliasId": alias, "status": "SUCCESS"}


def _find_area(actions: list[dict[str, Any]], area: Any) -> int:
    if isinstance(area, int) and not isinstance(area, bool) and 0 <= area < len(actions):
        return area
    for number, action in enumerate(actions):
        if isinstance(area, str) and action.get("label") == area:
            return number
    labels = ", ".join(f"{number} {one.get('label', '')}" for number, one in enumerate(actions))
    raise Refusal(404, f"the menu has no area {area!r}; there are: {labels}")
