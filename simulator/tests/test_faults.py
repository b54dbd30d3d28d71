"""Faults on order: what the bot's LINE client must survive."""

import http.client
import socket
import time

import pytest

KEY = "123e4567-e89b-12d3-a456-426614174000"


def test_500_before_acceptance_loses_the_message_and_the_repeat_sends_it_r25(line):
    user_id = line.resident()
    line.put("/sim/faults", [{"endpoint": "push", "status": 500, "times": 1}])
    failed = line.push(user_id, X_Line_Retry_Key=KEY)
    assert failed.status == 500
    assert failed.headers["x-line-request-id"]
    assert line.book() == []
    assert line.push(user_id, X_Line_Retry_Key=KEY).status == 200


def test_500_after_acceptance_and_the_repeat_gives_409_r25(line):
    user_id = line.resident()
    line.put("/sim/faults", [{"endpoint": "push", "status": 500, "afterAccept": True, "times": 1}])
    failed = line.push(user_id, X_Line_Retry_Key=KEY)
    assert failed.status == 500
    again = line.push(user_id, X_Line_Retry_Key=KEY)
    assert again.status == 409
    accepted = again.headers["x-line-accepted-request-id"]
    assert accepted == failed.headers["x-line-request-id"]
    assert len(line.book()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_dropped_connection_before_or_after_acceptance_r25(line, after):
    user_id = line.resident()
    rule = {"endpoint": "multicast", "drop": True, "afterAccept": after, "times": 1}
    line.put("/sim/faults", [rule])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        line.multicast([user_id])
    assert len(line.book()) == int(after)
    assert line.multicast([user_id]).status == 200


def test_a_rule_concerns_its_endpoint_and_its_share(line):
    user_id = line.resident()
    line.put("/sim/faults", [{"endpoint": "profile", "status": 503, "share": 0.5}])
    assert line.push(user_id).status == 200
    statuses = {line.get(f"/v2/bot/profile/{user_id}").status for _ in range(60)}
    assert statuses == {200, 503}
    line.put("/sim/faults", [{"endpoint": "*", "status": 429}])
    assert line.push(user_id).message == "The API rate limit has been exceeded. Try again later."
    line.put("/sim/faults", [])
    assert line.push(user_id).status == 200


def test_an_error_of_ones_own_and_a_delay(line):
    user_id = line.resident()
    rule = {"endpoint": "push", "status": 400, "message": "Something new", "delayMs": 5}
    line.put("/sim/faults", [rule])
    answer = line.push(user_id)
    assert (answer.status, answer.message) == (400, "Something new")
    line.put("/sim/faults", [{"endpoint": "push", "delayMs": 400}])
    began = time.monotonic()
    assert line.push(user_id).status == 200
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(
    "rules", [{}, [{}], [{"endpoint": "push", "satus": 500}], [{"endpoint": "push", "times": "x"}]]
)
def test_a_wrong_rule_is_refused_and_the_old_ones_stay(line, rules):
    line.put("/sim/faults", [{"endpoint": "push", "status": 500}])
    assert line.put("/sim/faults", rules).status == 400
    assert line.push("U" + "0" * 32).status == 500


def test_a_delay_after_acceptance_lets_the_client_give_up_on_an_accepted_send_r25(line, eventually):
    user_id = line.resident()
    rule = {"endpoint": "push", "delayMs": 60_000, "afterAccept": True, "times": 1}
    line.put("/sim/faults", [rule])
    with socket.create_connection(("127.0.0.1", line.port)) as impatient:
        body = b'{"to":"%s","messages":[{"type":"text","text":"a"}]}' % user_id.encode()
        impatient.sendall(
            b"POST /v2/bot/message/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nX-Line-Retry-Key: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (line.token.encode(), KEY.encode(), len(body), body)
        )
        eventually(line.book)
    assert line.push(user_id, "a", X_Line_Retry_Key=KEY).status == 409
