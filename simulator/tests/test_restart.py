"""The simulator as a process: killed at any moment it goes on where it was."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from madoguchi_simulator.pictures import grey_png

MENU = {
    "size": {"width": 800, "height": 400},
    "selected": False,
    "name": "一つ",
    "chatBarText": "メニュー",
    "areas": [],
}


@pytest.fixture
def launch(tmp_path: Path, line, eventually, monkeypatch) -> Iterator[Callable]:
    """Starts the process on the same data, and says what its port answers."""
    started: list[subprocess.Popen] = []
    monkeypatch.delenv("SIMULATOR_CHANNEL_SECRET", raising=False)
    monkeypatch.delenv("SIMULATOR_ACCESS_TOKEN", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*arguments: str, token: str = "") -> tuple[subprocess.Popen, object]:
        env = {**os.environ, **({"SIMULATOR_ACCESS_TOKEN": token} if token else {})}
        command = [sys.executable, "-m", "madoguchi_simulator", "--port", str(port), *arguments]
        process = subprocess.Popen([*command, "--data", str(tmp_path / "data")], env=env)
        started.append(process)
        client = type(line)(port, token)

        def answers() -> bool:
            assert process.poll() is None, "the simulator ended by itself"
            try:
                return client.get("/sim/settings").status == 200
            except OSError:
                return False

        eventually(answers, 60)
        return process, client

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_kill_9_keeps_residents_chat_book_tokens_and_settings(launch, bot, eventually):
    process, client = launch("--webhook-url", bot.url, token="t")
    client.settings(quota=100, webhookTimeout=20, redelivery=[3600], clock=50)
    client.put("/sim/faults", [{"endpoint": "profile", "status": 503}])
    user_id, blocked = client.resident("花子", language="ja"), client.resident("太郎")
    client.post(f"/sim/residents/{blocked}/unfollow")
    picture = {"Content-Type": "image/png"}
    menu_id = client.post("/v2/bot/richmenu", MENU).json["richMenuId"]
    client.call("POST", f"/v2/bot/richmenu/{menu_id}/content", grey_png(800, 400), picture)
    client.post(f"/v2/bot/user/{user_id}/richmenu/{menu_id}")
    client.says(user_id, "電池")
    reply_token = bot.events[-1]["replyToken"]
    key = "123e4567-e89b-12d3-a456-426614174000"
    client.multicast([user_id, blocked], "皆さん", X_Line_Retry_Key=key)
    bot.status = 500
    client.says(user_id, "また送られる")
    paths = [f"/sim/residents/{user_id}/richmenu", "/sim/residents"]
    paths += [f"/sim/residents/{user_id}/chat", "/sim/book", "/sim/book?summary=1"]
    before = [client.get(path).json for path in paths]
    process.send_signal(signal.SIGKILL)
    process.wait()

    bot.status = 200
    process, client = launch("--webhook-url", bot.url, token="t")
    assert [client.get(path).json for path in paths] == before
    assert client.get("/v2/bot/message/quota/consumption").json == {"totalUsage": 1}
    settings = client.get("/sim/settings").json
    assert (settings["quota"], settings["clock"]) == (100, 50)
    assert client.get(f"/v2/bot/profile/{user_id}").status == 503
    assert client.multicast([user_id], X_Line_Retry_Key=key).status == 409
    assert client.reply(reply_token).status == 200
    assert client.chat(blocked) == []
    assert client.get(f"/v2/bot/richmenu/{menu_id}/content").body == grey_png(800, 400)
    ids = [entry["messageId"] for entry in client.chat(user_id)]
    assert len(set(ids)) == 4
    client.settings(clock=3700)
    eventually(lambda: bot.events[-1]["deliveryContext"]["isRedelivery"])
    assert bot.events[-1]["message"]["text"] == "また送られる"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_while_a_phone_waits(launch, line, number):
    process, client = launch()
    user_id = client.resident(follow=False)
    with socket.create_connection(("127.0.0.1", client.port)) as phone:
        path = f"/sim/residents/{user_id}/chat?wait=60"
        phone.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.get("/sim/residents")
        process.send_signal(number)
        assert process.wait(30) == 0


def test_credentials_are_made_once_and_kept(launch, tmp_path):
    process, _ = launch()
    process.terminate()
    process.wait()
    from madoguchi_simulator.database import open_database, read_memo

    def kept() -> list[str | None]:
        db = open_database(tmp_path / "data" / "simulator.sqlite")
        try:
            return [read_memo(db, "secret"), read_memo(db, "access_token")]
        finally:
            db.close()

    first = kept()
    assert all(first)
    _, client = launch()
    assert kept() == first
    client.token = first[1]
    assert client.get("/v2/bot/info").status == 200


def test_keys_consents_and_logins_survive_and_the_command_line_names_apps(launch, bot):
    liff_id = "2000000002-yoyaku01"
    words = [liff_id, "http://127.0.0.1:9/liff", "size=tall", "scopes=openid,profile", "name=予約"]
    arguments = ("--webhook-url", bot.url, "--liff", *words, "--callback", "http://127.0.0.1:9/c")
    process, client = launch(*arguments, token="t")
    (app,) = client.get("/sim/liff").json["apps"]
    assert (app["size"], app["scopes"], app["name"]) == ("tall", ["openid", "profile"], "予約")
    user_id = client.resident("花子")
    tokens = client.post(f"/sim/residents/{user_id}/id-token", {"liffId": liff_id}).json
    keys = client.get("/oauth2/v2.1/certs").json
    process.send_signal(signal.SIGKILL)
    process.wait()

    _, client = launch(*arguments, token="t")
    assert client.get("/oauth2/v2.1/certs").json == keys
    form = {"id_token": tokens["idToken"], "client_id": "2000000002"}
    assert client.post_form("/oauth2/v2.1/verify", **form).json["name"] == "花子"
    bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
    assert client.get("/v2/profile", **bearer).json["userId"] == user_id
    url = {"url": f"https://liff.line.me/{liff_id}"}
    opened = client.post(f"/sim/residents/{user_id}/liff", url).json
    assert opened["address"] == "http://127.0.0.1:9/liff"  # no consent screen


def test_a_wrong_app_on_the_command_line_is_named(capfd):
    from madoguchi_simulator.__main__ import main

    with pytest.raises(SystemExit):
        main(["--liff", "2000000002-short", "http://127.0.0.1:9"])
    assert "2000000002-short" in capfd.readouterr().err


def test_a_clock_file_is_shared_by_two(tmp_path):
    from madoguchi_simulator import Clock

    ours, theirs = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")
    ours.move(3600)
    assert theirs.offset == 3600
    assert theirs.time() - ours.time() < 60
    theirs.offset = 0
    assert ours.offset == 0
