"""``python -m madoguchi_simulator``: the simulator as a process of its own."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn

from .channel import Channel
from .database import open_database, read_memo, write_memo
from .errors import Refusal
from .identifiers import new_long_token, new_token
from .login import LiffApp, LoginChannel
from .simulator import Simulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        logins = _login_channels(options)
    except Refusal as refusal:
        parser.error(refusal.message)
    simulator = Simulator(
        _channel(options), logins=logins, data=options.data, clock_file=options.clock_file
    )
    config = uvicorn.Config(
        simulator.app,
        host=options.host,
        port=options.port,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    server = _Server(config, simulator, options.mail_port)
    # uvicorn raises the signal that ended it once more, when its work is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    finally:
        simulator.close()
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    """Ends the chat's long polls first, which would otherwise hold the end back."""

    def __init__(self, config: uvicorn.Config, simulator: Simulator, mail_port: int | None) -> None:
        super().__init__(config)
        self._simulator, self._mail_port = simulator, mail_port
        self._mails: asyncio.Server | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._mail_port is not None:
            self._mails = await self._simulator.mailbox.start(self._mail_port)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._simulator.chats.close()
        if self._mails is not None:
            self._mails.close()
        await super().shutdown(sockets)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="madoguchi-simulator",
        description="A LINE platform on this machine: Messaging API, webhooks, a phone page.",
        epilog="Secrets and token come from SIMULATOR_CHANNEL_SECRET, SIMULATOR_ACCESS_TOKEN and"
        " SIMULATOR_LOGIN_SECRET; what is not set is made once and kept in --data.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--mail-port", type=int, help="take mails on this port; see /mailbox")
    parser.add_argument("--data", type=Path, help="folder that keeps everything; else in memory")
    parser.add_argument("--webhook-url", default="", help="where the bot receives its webhooks")
    parser.add_argument("--channel-id", default=Channel.id)
    parser.add_argument("--bot-user-id", default=Channel.bot_user_id)
    parser.add_argument("--basic-id", default=Channel.basic_id)
    parser.add_argument("--display-name", default=Channel.display_name)
    parser.add_argument("--clock-file", type=Path, help="offset file shared with the bot")
    parser.add_argument(
        "--liff",
        nargs="+",
        action="append",
        default=[],
        metavar=("ID", "URL"),
        help="a LIFF app, the digits of its id are its Login channel; behind the endpoint URL may"
        " stand size=tall scopes=openid,profile botPrompt=normal simplified=1 name=Booking",
    )
    parser.add_argument("--login-channel", default=LoginChannel.id, help="for web login")
    parser.add_argument("--callback", action="append", default=[], help="where web login returns")
    return parser


def _channel(options: argparse.Namespace) -> Channel:
    return Channel(
        id=options.channel_id,
        secret=_credential("SIMULATOR_CHANNEL_SECRET", "secret", new_token(), options.data),
        access_token=_credential(
            "SIMULATOR_ACCESS_TOKEN", "access_token", new_long_token(), options.data
        ),
        webhook_url=options.webhook_url,
        bot_user_id=options.bot_user_id,
        basic_id=options.basic_id,
        display_name=options.display_name,
    )


def _login_channels(options: argparse.Namespace) -> list[LoginChannel]:
    """One for web login, and one for each channel that a LIFF id names."""
    apps = [_liff_app(words) for words in options.liff]
    secret = _credential("SIMULATOR_LOGIN_SECRET", "login_secret", new_token(), options.data)
    return [
        LoginChannel(
            id=channel_id,
            secret=secret,
            name=options.display_name,
            callbacks=tuple(options.callback) if channel_id == options.login_channel else (),
            apps=tuple(app for app in apps if app.channel_id == channel_id),
        )
        for channel_id in dict.fromkeys([options.login_channel, *(app.channel_id for app in apps)])
    ]


def _liff_app(words: list[str]) -> LiffApp:
    if len(words) < 2 or not all("=" in word for word in words[2:]):
        raise Refusal(400, "--liff takes a LIFF id, an endpoint URL, and further words key=value")
    more: dict[str, Any] = dict(word.split("=", 1) for word in words[2:])
    if "scopes" in more:
        more["scopes"] = more["scopes"].split(",")
    return LiffApp.from_json({"liffId": words[0], "endpoint": words[1], **more})


def _credential(variable: str, name: str, fresh: str, data: Path | None) -> str:
    """From the environment, else as kept in ``data``, else made now."""
    if value := os.environ.get(variable):
        return value
    if data is None:
        return fresh
    db = open_database(data / "simulator.sqlite")
    try:
        value = read_memo(db, name) or fresh
        write_memo(db, name, value)
        db.commit()
    finally:
        db.close()
    return value


if __name__ == "__main__":
    sys.exit(main())
