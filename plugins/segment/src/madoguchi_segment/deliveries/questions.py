# nosay: what is said here, staff read
"""What is asked before something goes out. The page shows each, and the person answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from madoguchi import JST
from madoguchi_segment.deliveries import schedules
from madoguchi_segment.deliveries.schedules import Closed, weekend
from madoguchi_segment.deliveries.states import Delivery


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be answered with yes before it goes out."""

    code: str
    words: str


def before_sending(
    delivery: Delivery, now: datetime, count: int, is_closed: Closed = weekend
) -> list[Question]:
    """The questions for this delivery; none, usually."""
    timing = schedules.parse(delivery.timing or {"every": "once"})
    if timing.is_at_once:
        times = [now]
    else:
        times = list(schedules.occasions(timing, now, now + timedelta(days=45), is_closed))
    asked = []
    unstaffed = [when for when in times if not schedules.is_staffed(when, is_closed)]
    if unstaffed:
        local = unstaffed[0].astimezone(JST)
        when = f"{local:%-m月%-d日}{local:%-H:%M}"
        asked.append(Question("staffed", f"{when}は、開庁時間の外です。電話に出る人がいますか。"))
    if delivery.count_then is not None and drifted(delivery.count_then, count):
        words = f"承認のときは{delivery.count_then:,}人、いまは{count:,}人です。送ってよいですか。"
        asked.append(Question("drift", words))
    return asked


def drifted(then: int, now: int) -> bool:
    """Whether a number of recipients has changed by more than 10 % and more than 50."""
    return abs(now - then) > max(then / 10, 50)
