"""The rich menu endpoints of LINE (R45, R46)."""

from typing import Any

from .api import Endpoint
from .errors import Refusal
from .exchange import Answer, Call
from .simulator import Simulator


def _create(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"richMenuId": simulator.menus.create(call.json())}


def _validate(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menus.check(call.json())
    return {}


def _all(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"richmenus": simulator.menus.all()}


def _get(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.menus.get(call.parts[0])


def _delete(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menus.delete(call.parts[0])
    return {}


def _upload(simulator: Simulator, call: Call) -> dict[str, Any]:
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    simulator.menus.set_image(call.parts[0], media_type, call.body)
    return {}


def _image(simulator: Simulator, call: Call) -> Answer:
    simulator.menus.get(call.parts[0])
    image = simulator.menus.image(call.parts[0])
    if image is None:
        raise Refusal(404, "Not found")
    return Answer(200, image[1], image[0])


def _set_default(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menus.set_default(call.parts[0])
    return {}


def _get_default(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"richMenuId": simulator.menus.get_default()}


def _clear_default(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menus.clear_default()
    return {}


def _link(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_links.link(*call.parts)
    return {}


def _get_linked(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"richMenuId": simulator.menu_links.get(call.parts[0])}


def _unlink(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_links.unlink(call.parts[0])
    return {}


def _link_many(simulator: Simulator, call: Call) -> dict[str, Any]:
    seconds = simulator.settings.rich_menu_seconds
    simulator.menu_links.link_many(call.json(), call.request_id, seconds)
    return {}


def _unlink_many(simulator: Simulator, call: Call) -> dict[str, Any]:
    seconds = simulator.settings.rich_menu_seconds
    simulator.menu_links.unlink_many(call.json(), call.request_id, seconds)
    return {}


def _batch(simulator: Simulator, call: Call) -> dict[str, Any]:
    seconds = simulator.settings.rich_menu_seconds
    simulator.menu_links.batch(call.json(), call.request_id, seconds)
    return {}


def _validate_batch(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_links.check_batch(call.json())
    return {}


def _progress(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.menu_links.progress(call.query.get("requestId", ""))


def _create_alias(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_aliases.create(call.json())
    return {}


def _aliases(simulator: Simulator, call: Call) -> dict[str, Any]:
    return {"aliases": simulator.menu_aliases.all()}


def _get_alias(simulator: Simulator, call: Call) -> dict[str, Any]:
    return simulator.menu_aliases.get(call.parts[0])


def _update_alias(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_aliases.update(call.parts[0], call.json())
    return {}


def _delete_alias(simulator: Simulator, call: Call) -> dict[str, Any]:
    simulator.menu_aliases.delete(call.parts[0])
    return {}


_MENU, _USER = "/v2/bot/richmenu", "/v2/bot/user"
_ALIAS = f"{_MENU}/alias/{{richMenuAliasId}}"
_ONE = f"{_MENU}/{{richMenuId}}"

# The first that fits is taken: `alias` and `all` come before the ids that they could be.
RICH_MENUS = (
    Endpoint("createRichMenu", "POST", _MENU, _create),
    Endpoint("validateRichMenu", "POST", f"{_MENU}/validate", _validate),
    Endpoint("listRichMenus", "GET", f"{_MENU}/list", _all),
    Endpoint("createRichMenuAlias", "POST", f"{_MENU}/alias", _create_alias),
    Endpoint("listRichMenuAliases", "GET", f"{_MENU}/alias/list", _aliases),
    Endpoint("getRichMenuAlias", "GET", _ALIAS, _get_alias),
    Endpoint("updateRichMenuAlias", "POST", _ALIAS, _update_alias),
    Endpoint("deleteRichMenuAlias", "DELETE", _ALIAS, _delete_alias),
    Endpoint("bulkLinkRichMenu", "POST", f"{_MENU}/bulk/link", _link_many, status=202),
    Endpoint("bulkUnlinkRichMenu", "POST", f"{_MENU}/bulk/unlink", _unlink_many, status=202),
    Endpoint("batchRichMenu", "POST", f"{_MENU}/batch", _batch, status=202),
    Endpoint("validateRichMenuBatch", "POST", f"{_MENU}/validate/batch", _validate_batch),
    Endpoint("richMenuBatchProgress", "GET", f"{_MENU}/progress/batch", _progress),
    Endpoint("uploadRichMenuImage", "POST", f"{_ONE}/content", _upload),
    Endpoint("getRichMenuImage", "GET", f"{_ONE}/content", _image),
    Endpoint("getRichMenu", "GET", _ONE, _get),
    Endpoint("deleteRichMenu", "DELETE", _ONE, _delete),
    Endpoint("getDefaultRichMenu", "GET", f"{_USER}/all/richmenu", _get_default),
    Endpoint("clearDefaultRichMenu", "DELETE", f"{_USER}/all/richmenu", _clear_default),
    Endpoint("setDefaultRichMenu", "POST", f"{_USER}/all/richmenu/{{richMenuId}}", _set_default),
    Endpoint("getLinkedRichMenu", "GET", f"{_USER}/{{userId}}/richmenu", _get_linked),
    Endpoint("unlinkRichMenu", "DELETE", f"{_USER}/{{userId}}/richmenu", _unlink),
    Endpoint("linkRichMenu", "POST", f"{_USER}/{{userId}}/richmenu/{{richMenuId}}", _link),
)
