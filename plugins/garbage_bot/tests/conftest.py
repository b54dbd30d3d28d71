from pathlib import Path

import pytest

from madoguchi.testing import Town

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
FILES = {
    "items.csv": "品名,読み,分別区分\n傘,かさ,不燃ごみ\n本,ほん,燃やすごみ\n",
    "area_days.csv": (
        "ID,地名,ふりがな,センター,燃やすごみ,プラスチック,不燃ごみ,粗大ごみ\n"
        "honcho,本町,ほんちょう,南センター,月 木,火,水2,*1\n"
        "hongo,本郷,ほんごう,南センター,火 金,水,20271208 20271222,*1\n"
        ",南町（1〜3丁目）,みなみまち,南センター,火 金,木,水1,*1\n"
    ),
    "center.csv": "名称,休止開始日,休止終了日\n南センター,2027/12/31,2028/1/3\n",
    "exceptions.csv": (
        "地区,種類,本来の日,変更後の日,理由\n,燃やすごみ,2027/12/30,2027/12/29,年末の振替\n"
    ),
    "remarks.csv": "ID,注意事項\n1,電話で申し込んでください。\n",
    "description.csv": (
        "label,label:ja-easy,label:en,description,styles,bgcolor\n"
        "燃やすごみ,燃《も》やす ごみ,Burnable garbage,水を切ってください。,burn,#b3261e\n"
        "プラスチック,プラスチック,Plastic,すすいでください。,plastic,#00639b\n"
        "不燃ごみ,燃《も》やさない ごみ,Non-burnable garbage,,unburn,#4a4e69\n"
        "粗大ごみ,大《おお》きい ごみ,Large items,,large,#5d4037\n"
    ),
    "postcodes.csv": "郵便番号,地区\n9990001,本町\n9990001,本郷\n9990003,南町（1〜3丁目）\n",
    "towns.json": (
        '[{"town": "本町", "koaza": "", "lat": 35.68, "lng": 139.72},'
        ' {"town": "南町1丁目", "koaza": "", "lat": 35.67, "lng": 139.74}]'
    ),
}
AREAS = ("honcho", "本町"), ("mura", "村")
SEGMENT = {"settings": {"areas": [{"id": i, "label": n, "school": "小学校"} for i, n in AREAS]}}


@pytest.fixture(scope="session")
def shared():
    """The lists of real cities, where they lie beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here: real cities' lists cannot be tried")
    return SHARED


@pytest.fixture(scope="session")
def write_city(tmp_path_factory):
    """`write_city(files)`: the plugin's table in the file of a city that has these files."""

    def write(files):
        folder = tmp_path_factory.mktemp("garbage")
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return {
            "dictionary": str(folder / "items.csv"),
            "calendar": str(folder),
            "section": "環境課",
            "phone": "0100-00-0053",
        }

    return write


@pytest.fixture(scope="session")
def garbage_table(write_city):
    """A small list and a calendar of the tests' own."""
    return write_city(FILES)


@pytest.fixture(scope="module")
def town(tmp_path_factory, loop_thread, redis_url, migrated, garbage_table):
    """A gateway with the plugin on, one for all tests of a module."""
    folder = tmp_path_factory.mktemp("town")
    plugins = {"garbage_bot": garbage_table, "liff": {}, "console": {}, "segment": SEGMENT}
    with Town(folder, loop_thread, redis_url, plugins, {}, template=migrated) as town:
        yield town
