"""How events travel to the bot: in time, in order, again, twice, together."""

import threading
from concurrent.futures import ThreadPoolExecutor


def _errors(line) -> dict[str, int]:
    return line.get("/sim/webhooks").json["errors"]


def test_each_way_to_fail_is_counted_with_lines_reason_r3(line, bot):
    user_id = line.resident()
    bot.status = 503
    assert line.says(user_id, "a")["reason"] == "error_status_code"
    bot.status, bot.delay = 200, 0.6
    line.settings(webhookTimeout=0.2)
    answer = line.says(user_id, "b")
    assert (answer["status"], answer["reason"]) == (0, "request_timeout")
    bot.delay = 0
    bot.stop()
    line.settings(webhookUrl="http://127.0.0.1:1/nobody", webhookTimeout=20)
    assert line.says(user_id, "c")["reason"] == "could_not_connect"
    assert _errors(line) == {
        "error_status_code": 1,
        "request_timeout": 1,
        "could_not_connect": 1,
    }


def test_a_failed_event_is_lost_unless_redelivery_is_on_r8(line, bot, eventually):
    user_id = line.resident()
    bot.status = 500
    line.says(user_id, "失われる")
    line.settings(redelivery=True)
    answer = line.says(user_id, "また来る")
    first = bot.events[-1]
    bot.status = 200
    line.settings(clock=2)
    eventually(lambda: len(bot.requests) == 4)
    again = bot.events[-1]
    assert again == {**first, "deliveryContext": {"isRedelivery": True}}
    assert again["webhookEventId"] == answer["webhookEventId"]
    eventually(lambda: not line.get("/sim/webhooks?limit=1").json["webhooks"][0]["redeliveryDue"])
    assert line.reply(again["replyToken"]).status == 200


def test_redelivery_ends_after_its_tries_r8(line, bot, eventually):
    user_id = line.resident()
    bot.status = 500
    line.settings(redelivery=[0, 0])
    line.says(user_id, "a")
    eventually(lambda: len(bot.requests) == 4)
    (webhook,) = eventually(
        lambda: [
            one
            for one in line.get("/sim/webhooks?limit=1").json["webhooks"]
            if one["tries"] == 3 and not one["redeliveryDue"]
        ]
    )
    assert webhook["status"] == 500


def test_duplicates_are_the_same_bytes_r7(line, bot):
    user_id = line.resident()
    line.settings(duplicates=1)
    line.says(user_id, "二度")
    (_, first), (_, second) = bot.requests[-2:]
    assert first == second
    assert len(line.chat(user_id)) == 1


def test_the_order_of_a_resident_is_kept_r9_r18(line, bot):
    users = [line.resident(str(n)) for n in range(4)]
    bot.requests.clear()
    line.settings(shuffle="residents")

    def talk(user_id: str) -> None:
        for number in range(10):
            line.says(user_id, str(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(talk, users))
    for user_id in users:
        said = [e["message"]["text"] for e in bot.events if e["source"]["userId"] == user_id]
        assert said == [str(number) for number in range(10)]


def test_concurrent_sends_of_one_resident_keep_their_order_or_lose_it_on_request_r9(line, bot):
    user_id = line.resident()

    def overtake(count: int) -> list[str]:
        bot.requests.clear()
        files = [(f"{n}.png", "image/png", b"x") for n in range(count)]
        line.post_files(f"/sim/residents/{user_id}/messages", *files)
        return [str(event["message"]["imageSet"]["index"]) for event in bot.events]

    in_order = [str(number) for number in range(1, 21)]
    assert overtake(20) == in_order
    line.settings(shuffle="residents")
    assert overtake(5) == in_order[:5]
    line.settings(shuffle="all")
    shuffled = overtake(20)  # 20! orders: by chance the same one never comes
    assert shuffled != in_order
    assert sorted(shuffled) == sorted(in_order)


def test_events_of_several_residents_come_in_one_body_r5(line, bot):
    users = [line.resident(str(n)) for n in range(12)]
    bot.requests.clear()
    line.settings(batch=5)
    answers: list[dict] = []
    threads = [
        threading.Thread(target=lambda u=user_id: answers.append(line.says(u, "はい")))
        for user_id in users
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer["status"] for answer in answers} == {200}
    sizes = [len(body["events"]) for body in bot.bodies]
    assert sum(sizes) == 12
    assert 1 < max(sizes) <= 5
    assert {event["source"]["userId"] for event in bot.events} == set(users)


def test_standby_has_no_reply_token_r10(line, bot):
    user_id = line.resident()
    line.settings(mode="standby")
    line.says(user_id, "a")
    assert bot.events[-1]["mode"] == "standby"
    assert "replyToken" not in bot.events[-1]


def test_without_a_webhook_url_nothing_is_counted_as_failed(line, bot):
    line.settings(webhookActive=False)
    user_id = line.resident()
    answer = line.says(user_id, "a")
    assert answer["status"] == 0
    assert answer["messageId"]
    assert bot.requests == []
    assert _errors(line) == {}


def test_the_endpoint_is_set_read_and_tested_r4(line, bot):
    path = "/v2/bot/channel/webhook"
    url = bot.url
    assert line.put(f"{path}/endpoint", {"endpoint": "ftp://example.com"}).status == 400
    line.settings(webhookUrl="")
    assert line.get(f"{path}/endpoint").status == 404
    assert line.put(f"{path}/endpoint", {"endpoint": url}).json == {}
    assert line.get(f"{path}/endpoint").json == {"endpoint": url, "active": True}
    answer = line.post(f"{path}/test", {}).json
    assert (answer["success"], answer["statusCode"]) == (True, 200)
    assert bot.bodies[-1]["events"] == []
    bot.status = 404
    failed = line.post(f"{path}/test", {"endpoint": url}).json
    assert (failed["success"], failed["reason"]) == (False, "ERROR_STATUS_CODE")
    unreachable = line.post(f"{path}/test", {"endpoint": "http://127.0.0.1:1/"}).json
    assert (unreachable["statusCode"], unreachable["reason"]) == (0, "COULD_NOT_CONNECT")
