"""Management calls go through the SDK, which is imported only for them."""

import asyncio
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from madoguchi import line as line_module
from madoguchi.line import Friends, LineError, Outcome, Profile

USER = "U" + "0123456789abcdef" * 2


def test_r49_a_profile_is_known_or_not(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            path = f"/v2/bot/profile/{USER}"
            line.answers[path] = [
                (200, {"displayName": "花子", "userId": USER, "language": "ja"}),
                (
                    200,
                    {"displayName": "Bob", "userId": USER, "pictureUrl": "https://example.com/p"},
                ),
                (404, {"message": "Not found"}),
                (500, {"message": "Internal server error"}),
                None,
            ]
            assert await client.profile(USER) == Profile("花子", "ja")
            assert await client.profile(USER) == Profile("Bob", None, "https://example.com/p")
            assert await client.profile(USER) is None
            for _ in range(2):
                with pytest.raises(LineError) as caught:
                    await client.profile(USER)
                assert caught.value.answer.outcome is Outcome.RETRY
                assert USER not in str(caught.value)

    asyncio.run(scenario())


def test_the_quota_has_a_limit_or_none(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers["/v2/bot/message/quota"] = [
                (200, {"type": "limited", "value": 200}),
                (200, {"type": "none"}),
            ]
            line.answers["/v2/bot/message/quota/consumption"] = [(200, {"totalUsage": 17})] * 2
            limited, free = await client.quota(), await client.quota()
            assert (limited.limit, limited.used) == (200, 17)
            assert (free.limit, free.used) == (None, 17)

    asyncio.run(scenario())


def test_friends_are_listed_by_pages_and_counted_when_line_is_ready(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers["/v2/bot/followers/ids"] = [
                (200, {"userIds": [USER, "nonsense", 7], "next": "onward"}),
                (200, {"userIds": []}),
                (403, {"message": "Access to this API is not available for your account"}),
                (200, b"no JSON"),
            ]
            assert await client.friends() == Friends([USER], "onward")
            assert await client.friends("onward") == Friends([], None)
            for status in (403, 200):
                with pytest.raises(LineError) as caught:
                    await client.friends()
                assert caught.value.answer.status == status
            line.answers["/v2/bot/insight/followers"] = [
                (200, {"status": "ready", "followers": 1200, "targetedReaches": 9, "blocks": 200}),
                (200, {"status": "unready"}),
            ]
            day = date(2026, 11, 21)
            assert await client.count_friends(day) == 1000
            assert await client.count_friends(day) is None

    asyncio.run(scenario())


def test_an_error_that_is_not_utf8_is_a_line_error(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers["/v2/bot/info"] = [(502, b"\xff\xfe")]
            with pytest.raises(LineError):
                await client.bot_info()

    asyncio.run(scenario())


def test_importing_the_client_does_not_import_the_sdk():
    code = "import sys, madoguchi.line; print([m for m in sys.modules if 'linebot' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_client_imports_the_sdk():
    source = Path(line_module.__file__).parent
    users = {
        path.name
        for path in source.rglob("*.py")
        if any(f"{word} linebot" in path.read_text() for word in ("import", "from"))
    }
    assert users == {"line.py"}
