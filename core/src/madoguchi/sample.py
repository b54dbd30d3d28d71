"""The people of the demo's sample city, brought into the simulator through its control API."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

# fmt: off
SURNAMES = [
    "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田",
    "佐々木", "松本", "井上", "木村", "林", "清水", "山崎", "森", "池田", "橋本", "阿部", "石川",
    "小川",
]
GIVEN_NAMES = [
    "陽子", "健一", "さくら", "翔", "美咲", "誠", "ひかり", "大輔", "あおい", "蓮", "桜", "湊",
    "恵子", "修", "結衣", "隆", "千代", "陽菜", "一郎", "和子", "悠真", "直美", "茂",
]
# fmt: on


def name_of(number: int) -> str:
    """The name of the sample resident with this number; the first 575 are all different."""
    given = GIVEN_NAMES[(number + number // len(SURNAMES)) % len(GIVEN_NAMES)]
    return f"{SURNAMES[number % len(SURNAMES)]} {given}"


def user_id_of(number: int) -> str:
    """The user id of the sample resident with this number, the same in every demo."""
    return "U" + hashlib.sha256(f"sample resident {number}".encode()).hexdigest()[:32]


OFFICE_PHONE = user_id_of(1_000_000)
"""The user id of the city's own telephone, to which tests of deliveries go."""
DRILL_ACCOUNT = user_id_of(3_000_000)
"""The user id of the account for drills itself, which is another than the city's."""


def prepare(port: int, people: Sequence[Mapping[str, Any]], done: Path) -> None:
    """Wait until the simulator on this port answers, then bring these people into it.

    Those who are there already are not made again.
    At the first start, which the file `done` remembers, redelivery is switched on (R8: LINE leaves
    it off), because only so does a webhook survive that nobody was there to take.
    """
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            _prepare(connection, people, first=not done.exists())
            break
        except (OSError, HTTPException):  # not there yet, or killed meanwhile
            time.sleep(0.05)
        finally:
            connection.close()
    done.touch()


def _prepare(
    simulator: HTTPConnection, people: Iterable[Mapping[str, Any]], *, first: bool
) -> None:
    present = {one["userId"] for one in _call(simulator, "GET", "/sim/residents")["residents"]}
    if first:
        _call(simulator, "PUT", "/sim/settings", {"redelivery": True})
    for body in people:
        if body["userId"] not in present:
            _call(simulator, "POST", "/sim/residents", body)


def friends_from_before(residents: int) -> list[dict[str, Any]]:
    """As many residents, who are friends of the account already, and the office's telephone."""
    if not residents:
        return []
    names = {user_id_of(number): name_of(number) for number in range(residents)}
    names[OFFICE_PHONE] = "広報課の公用スマホ"
    return [
        {"userId": user_id, "displayName": name, "language": "ja", "follow": "before"}
        for user_id, name in names.items()
    ]


def people_of_drills() -> list[dict[str, Any]]:
    """Two who follow the account for drills."""
    names = {user_id_of(2_000_000): "訓練に出る人 1", user_id_of(2_000_001): "訓練に出る人 2"}
    return [
        {"userId": user_id, "displayName": name, "language": "ja", "follow": True}
        for user_id, name in names.items()
    ]


def _call(simulator: HTTPConnection, method: str, path: str, body: Any = None) -> Any:
    content = None if body is None else json.dumps(body)
    simulator.request(method, path, content, {"Content-Type": "application/json"})
    answer = simulator.getresponse()
    told = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path} was answered {answer.status}: {told[:200]!r}")
    return json.loads(told)
