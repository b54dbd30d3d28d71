"""Every answer of LINE has one meaning."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madoguchi.line import Outcome, classify

TO_1 = "The property, to[1], in the request body is invalid (line: -, column: -)"
RATE = "The API rate limit has been exceeded. Try again later."
MONTH = "You have reached your monthly limit."
FLOOD = "Failed to send messages: a large number of messages were sent to the same user"
KEY_TAKEN = "The retry key is already accepted"
NO_AUTH = "Authentication failed due to the following reason: invalid token."


def detail(prop: str, message: str = "invalid") -> dict[str, str]:
    return {"property": prop, "message": message}


@pytest.mark.parametrize(
    ("status", "document", "outcome", "bad"),
    [
        (200, {}, Outcome.ACCEPTED, ()),
        (202, {}, Outcome.ACCEPTED, ()),
        (409, {"message": KEY_TAKEN}, Outcome.ACCEPTED, ()),
        (400, {"message": "Invalid reply token"}, Outcome.INVALID_TOKEN, ()),
        (400, {"message": TO_1}, Outcome.BAD_RECIPIENTS, (1,)),
        (400, {"message": TO_1.replace("to[1]", "'to[12]'")}, Outcome.BAD_RECIPIENTS, (12,)),
        (
            400,
            {
                "message": "The request body has 2 error(s)",
                "details": [detail("to[7]"), detail("to[3]")],
            },
            Outcome.BAD_RECIPIENTS,
            (3, 7),
        ),
        (
            400,
            {
                "message": "The request body has 2 error(s)",
                "details": [detail("to[7]"), detail("messages[0].text", "May not be empty")],
            },
            Outcome.REFUSED,
            (),
        ),
        (
            400,
            {"message": "The request body could not be parsed as JSON (line: 1, column: 1)"},
            Outcome.REFUSED,
            (),
        ),
        (400, {"message": "Failed to send messages"}, Outcome.REFUSED, ()),
        (401, {"message": NO_AUTH}, Outcome.UNAUTHORIZED, ()),
        (
            403,
            {"message": "Access to this API is not available for your account"},
            Outcome.REFUSED,
            (),
        ),
        (404, {"message": "Not found"}, Outcome.REFUSED, ()),
        (413, {}, Outcome.REFUSED, ()),
        (415, {}, Outcome.REFUSED, ()),
        (302, {}, Outcome.REFUSED, ()),
        (429, {"message": RATE}, Outcome.SLOW_DOWN, ()),
        (429, {"message": "words that LINE has not used yet"}, Outcome.SLOW_DOWN, ()),
        (429, {"message": MONTH}, Outcome.QUOTA, ()),
        (429, {"message": FLOOD}, Outcome.SLOW_DOWN_USER, ()),
        (500, {"message": "Internal server error"}, Outcome.RETRY, ()),
        (502, {}, Outcome.RETRY, ()),
        (503, {}, Outcome.RETRY, ()),
        (None, {}, Outcome.RETRY, ()),
    ],
)
def test_r20_r25_r26_r29_every_common_answer_has_one_meaning(status, document, outcome, bad):
    answer = classify(status, {"X-LINE-Request-ID": "r1"}, json.dumps(document).encode())
    assert (answer.outcome, answer.bad_recipients) == (outcome, bad)
    assert (answer.status, answer.request_id) == (status, "r1")
    if outcome is not Outcome.ACCEPTED and "message" in document:
        assert answer.message.startswith(document["message"])


def test_the_message_names_every_detail():
    document = {"message": "The request body has 1 error(s)", "details": [detail("messages[0]")]}
    answer = classify(400, {}, json.dumps(document).encode())
    assert answer.message == "The request body has 1 error(s); messages[0]: invalid"


@settings(deadline=None)
@given(
    status=st.one_of(st.none(), st.integers(100, 599)),
    body=st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"\xff\xfe", b"[" * 100_000, b"<html>", b"null", b'"text"', b"[]"]),
        st.dictionaries(
            st.sampled_from(["message", "details", "sentMessages"]),
            st.one_of(
                st.none(),
                st.integers(),
                st.lists(st.one_of(st.none(), st.dictionaries(st.text(), st.none()))),
            ),
        ).map(lambda document: json.dumps(document).encode()),
    ),
)
def test_a_body_of_any_shape_is_classified_without_raising(status, body):
    answer = classify(status, {}, body)
    if status is not None and 200 <= status < 300:
        assert answer.outcome is Outcome.ACCEPTED
    if status is None or status >= 500:
        assert answer.outcome is Outcome.RETRY
