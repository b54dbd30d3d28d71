"""What residents send besides text, fetched as a stream."""

import asyncio

import pytest
from aiohttp import web

from madoguchi.line import (
    ContentGone,
    ContentMissing,
    ContentTooLarge,
    ContentUnavailable,
    LineClient,
)

RATE = "The API rate limit has been exceeded. Try again later."


CONTENT = "/v2/bot/message/325708/content"
TRANSCODING = CONTENT + "/transcoding"


async def read(client: LineClient, **limits: float) -> bytes:
    async with client.content("325708", **limits) as content:
        return b"".join([chunk async for chunk in content])


def test_r47_content_is_streamed_with_its_type(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            picture = bytes(range(256)) * 1000
            line.answers[CONTENT] = [picture]
            async with client.content("325708") as content:
                assert (content.type, content.length) == ("image/jpeg", len(picture))
                chunks = [chunk async for chunk in content]
            assert b"".join(chunks) == picture
            assert len(chunks) > 1
            [(headers, _)] = line.calls(CONTENT)
            assert headers["authorization"] == "Bearer fixed-token"

    asyncio.run(scenario())


def test_r47_content_that_is_still_prepared_is_waited_for(running_line):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[CONTENT] = [(202, {}), b"video"]
            line.answers[TRANSCODING] = [(200, {"status": "processing"})]
            line.answers[TRANSCODING].append((200, {"status": "succeeded"}))
            assert await read(client) == b"video"
            assert len(line.calls(CONTENT)) == 2
            assert len(line.calls(TRANSCODING)) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answers", "transcoding", "error"),
    [
        ([(404, {"message": "not found"})], [], ContentMissing),
        ([(410, {"message": "The content is gone"})], [], ContentGone),
        ([(400, {"message": "bad type"})], [], ContentMissing),
        ([(429, {"message": RATE})], [], ContentUnavailable),
        ([(500, {})], [], ContentUnavailable),
        ([None, None], [], ContentUnavailable),
        ([(202, {})], [(200, {"status": "failed"})], ContentMissing),
        ([(202, {})], [(410, {"message": "The content is gone"})], ContentGone),
        ([(202, {})], [(200, {"status": "processing"})] * 2, ContentUnavailable),
    ],
)
def test_r47_every_way_in_which_content_is_not_there(running_line, answers, transcoding, error):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[CONTENT] = list(answers)
            line.answers[TRANSCODING] = list(transcoding)
            with pytest.raises(error):
                await read(client, patience=1)

    asyncio.run(scenario())


def test_content_beyond_the_limit_is_not_read(running_line):
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1000)

    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[CONTENT] = [b"x" * 101, b"x" * 100]
            with pytest.raises(ContentTooLarge):
                await read(client, most=100)
            assert len(await read(client, most=100)) == 100
            line.answers[CONTENT] = [endless]
            with pytest.raises(ContentTooLarge):
                await read(client, most=100_000)

    asyncio.run(scenario())


def test_content_that_breaks_off_is_no_content(running_line, breaking_off):
    async def scenario() -> None:
        async with running_line() as (line, client):
            line.answers[CONTENT] = [breaking_off]
            with pytest.raises(ContentUnavailable):
                await read(client)

    asyncio.run(scenario())


@pytest.mark.parametrize("message_id", ["", "..", "1/../../x", "1?x=1", "https://example.com/x"])
def test_r47_only_message_ids_are_fetched(running_line, message_id):
    async def scenario() -> None:
        async with running_line() as (line, client):
            with pytest.raises(ContentMissing):
                async with client.content(message_id):
                    pass
            assert line.seen == []

    asyncio.run(scenario())
