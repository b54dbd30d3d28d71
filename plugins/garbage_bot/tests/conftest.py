"""Lists of real cities, and a town that has a small list and calendar of the tests' own."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def shared():
    """The lists of real cities, where they lie beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here: real cities' lists cannot be tried")
    return SHARED


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


@pytest.fixture
def garbage_folder(tmp_path):
    """The city's files beside the town's own: `mihon/garbage/`."""
    folder = tmp_path / "mihon" / "garbage"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "area_days.csv").write_text(AREAS, "utf-8")
    return folder
