# nosay
"""How much may be sent, and to whom: the quota, and friends from before the gateway."""

from functools import partial

from madoguchi import drill, followers, residents
from madoguchi.connecting.finding import (
    NEVER_RAN,
    Case,
    Finding,
    Mark,
    Repair,
    good,
    look_up,
    wrong,
)
from madoguchi.follower_commands import read_list
from madoguchi.management import LineError


async def check_quota(case: Case) -> Finding:
    """Replies are free; everything else counts for each person (R21)."""
    quota = await case.line.quota()
    if quota.limit is None:
        return good(f"送れる数に上限はありません。今月は{quota.used:,}通です。")
    left = quota.limit - quota.used
    if left <= 0:
        return wrong(
            f"今月の{quota.limit:,}通を使い切りました。返事だけ送れます。",
            "管理画面の『設定』→『利用と請求』で、プランを確かめます。",
        )
    return Finding(
        Mark.NOTE,
        f"今月は、あと{left:,}通です（{quota.limit:,}通のうち）。",
        ("自治体のプランなら、上限はありません。プランを確かめます。",),
    )


async def check_verified(case: Case) -> Finding:
    """Verified accounts alone can list their friends (R49)."""
    try:
        await case.line.friends()
    except LineError as error:
        if error.answer.status != 403:
            raise
        return Finding(Mark.NOTE, "このアカウントは未認証です。", followers.HOW_TO_VERIFY)
    return good("認証済アカウントです。")


async def check_import(case: Case) -> Finding:
    """Friends from before us are read, or being read."""
    found = await look_up(case, followers.last_reading, residents.count_friends)
    if found is None:
        return NEVER_RAN
    reading, ours = found
    if reading is None or reading.ended is None:
        trouble = (reading.trouble,) if reading is not None and reading.trouble else ()
        read = partial(_read, case)
        return wrong(
            "前からの友だちを、まだ読みこんでいません。",
            *trouble,
            "「./run madoguchi residents import」を実行します。",
            repair=Repair("いま、読みこみますか", read),
        )
    lines = followers.describe(reading, ours)
    mark = Mark.NOTE if reading.trouble else Mark.GOOD
    return Finding(mark, "前からの友だちを読みこみました。", tuple(lines))


async def check_drill_friends(case: Case) -> Finding:
    """Whom a drill reaches: those whose follow has arrived (no list of before is read)."""
    found = await look_up(case, drill.count_friends)
    if found is None:
        return NEVER_RAN
    if not found[0]:
        return Finding(
            Mark.NOTE,
            "訓練を受け取る人が、まだいません。",
            (
                "訓練用のアカウントを、職員のLINEで友だちに追加します。",
                "もう友だちなら、ブロックして、解除します。",
            ),
        )
    return good(f"訓練を受け取る人は{found[0]:,}人です。")


async def _read(case: Case) -> None:
    await read_list(case.gateway, case.data, lambda _: None)
