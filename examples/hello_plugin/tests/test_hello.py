import pytest


@pytest.fixture
def plugins():
    return {"hello": {}}


def test_all_hours(resident):
    assert resident.says("図書館") == ["中央図書館 9:30-19:00\n駅前分館 10:00-20:00"]


def test_one_library(resident):
    assert resident.says("駅前分館は何時まで?") == ["駅前分館の開館時間は 10:00-20:00 です。"]
