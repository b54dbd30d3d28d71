"""The LIFF server API: which apps a Login channel has. They are configured at the start."""

from typing import Any

from .api import Endpoint
from .errors import Refusal
from .exchange import Call
from .simulator import Simulator


def _list(simulator: Simulator, call: Call) -> dict[str, Any]:
    channel = simulator.logins.channel_of(call.headers.get("authorization", ""))
    apps = [app for app in simulator.logins.apps.values() if app.channel_id == channel.id]
    if not apps:
        raise Refusal(404, "no LIFF app on the channel")
    return {
        "apps": [
            {
                "liffId": app.id,
                "view": {"type": app.size, "url": app.endpoint, "moduleMode": False},
                "description": app.name or channel.name,
                "permanentLinkPattern": "concat",
                "scope": list(app.scopes),
                "botPrompt": app.bot_prompt,
                "features": {"ble": False, "qrCode": False},
            }
            for app in apps
        ]
    }


LIFF_APPS = (Endpoint("liffApps", "GET", "/liff/v1/apps", _list, token=False),)
