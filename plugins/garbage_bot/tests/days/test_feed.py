"""The iCalendar feed, read back by the rules of RFC 5545."""

from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from madoguchi_garbage_bot.days.feed import Event, uid_of, write_feed

STAMP = datetime(2026, 4, 1, 9, tzinfo=timezone(timedelta(hours=9)))
texts = st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.text('ごみ,;\\n\n:"🗑')


def parse(feed: bytes) -> list[tuple[str, str]]:
    """Names with parameters, and values as text, of all lines."""
    assert feed.endswith(b"\r\n")
    lines = feed[:-2].split(b"\r\n")
    assert all(len(line) <= 75 and line for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two
    found = []
    for line in feed.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        found.append((name, unescape(value)))
    return found


def unescape(value: str) -> str:
    out, characters = "", iter(value)
    for character in characters:
        if character == "\\":
            follows = next(characters)
            assert follows in "\\;,nN"
            character = "\n" if follows in "nN" else follows
        else:
            assert character not in ";,"
        out += character
    return out


@given(texts, st.lists(st.builds(Event, st.just("1@a"), st.dates(), texts, texts), max_size=4))
def test_what_is_written_is_what_is_read(name, events):
    found = parse(write_feed(name, events, STAMP))
    assert found[0] == ("BEGIN", "VCALENDAR")
    assert found[-1] == ("END", "VCALENDAR")
    assert ("X-WR-CALNAME", name) in found
    assert [value for key, value in found if key == "SUMMARY"] == [one.title for one in events]
    assert [value for key, value in found if key == "DESCRIPTION"] == [
        one.text for one in events if one.text
    ]
    assert [value for key, value in found if key == "DTSTART;VALUE=DATE"] == [
        "".join(one.day.isoformat().split("-")) for one in events
    ]
    assert [value for key, value in found if key == "DTSTAMP"] == ["20260401T000000Z"] * len(events)


def test_a_uid_is_the_collections_own():
    day = date(2027, 1, 1)
    uid = uid_of("honcho", "燃やすごみ", day, "line.city.example")
    assert uid == uid_of("honcho", "燃やすごみ", day, "line.city.example")
    assert uid.endswith("@line.city.example")
    others = {
        uid_of("minami", "燃やすごみ", day, "line.city.example"),
        uid_of("honcho", "プラスチック", day, "line.city.example"),
        uid_of("honcho", "燃やすごみ", date(2027, 1, 4), "line.city.example"),
    }
    assert len(others | {uid}) == 4
