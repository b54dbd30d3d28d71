"""A town with a small list, one for all tests of a module; each test finds it as it began."""

import pytest
from sqlalchemy import delete

from madoguchi.tables import unanswered
from madoguchi.testing import TestStaff, Town, until
from madoguchi_garbage_bot import lists
from madoguchi_garbage_bot.knowledge import Kept
from madoguchi_garbage_bot.models import MODELS

ITEMS = """番号,品名,読み,分別区分,注意点
1,傘,かさ,燃やさないごみ,
2,乾電池,かんでんち,有害ごみ,透明な袋に入れます。
3,ラップ,,燃やすごみ,
4,自転車,じてんしゃ,粗大ごみ,
5,掃除機,そうじき,小型家電,
6,ハンガー（木製）,,燃やすごみ,
7,ハンガー（金属製）,,燃やさないごみ,
"""
AREAS = "地区,センター,燃やすごみ,燃やさないごみ\n本町,,月 木,水2 水4\n"


@pytest.fixture(scope="module")
def town(tmp_path_factory, loop_thread, redis_url, migrated):
    folder = tmp_path_factory.mktemp("town")
    files = folder / "mihon" / "garbage"
    files.mkdir(parents=True)
    (files / "items.csv").write_text(ITEMS, "utf-8")
    (files / "area_days.csv").write_text(AREAS, "utf-8")
    plugins = {"garbage_bot": {}, "liff": {}, "console": {}}
    with Town(folder, loop_thread, redis_url, plugins, {}, template=migrated) as town:
        yield town


@pytest.fixture(scope="module")
def hanako(town):
    """Somebody who may do everything here."""
    return TestStaff(town, "見本 花子", ["garbage_bot.list", "garbage_bot.words"])


@pytest.fixture
def gateway(town):
    """The town without questions, uploaded lists and decisions."""

    def empty(db):
        for table in (*reversed(MODELS.metadata.sorted_tables), unanswered):
            db.execute(delete(table))
        plugin.changed(db, lists.CHANGE)

    plugin = town.running.services.plugins.all["garbage_bot"]
    town.wait(town.running.store.write(empty))
    until(lambda: plugin.state.kept == Kept())
    return town


@pytest.fixture
def desk(gateway, hanako):
    """Her, at the beginning of a test."""
    return hanako
