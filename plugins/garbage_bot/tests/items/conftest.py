"""A town with a small list of the tests' own."""

import pytest

from madoguchi.testing import TestResident, Town

FILES = {
    "items.csv": (
        "番号,品名,読み,分別区分,注意点,料金,別の言い方,name_ja-easy,name_en,note_en,name_vi\n"
        "1,傘,かさ,燃やさないごみ,布は、はずしてください。,,,"
        "傘《かさ》,Umbrella,Take off the cloth.,Ô\n"
        "2,ハンガー（木）,はんがー,燃やすごみ,,,,,Hanger (wood),,\n"
        "3,ハンガー（プラスチック）,はんがー,プラスチック,,,,,Hanger (plastic),,\n"
        "4,ハンガー（金属）,はんがー,燃やさないごみ,,,,,,,\n"
        "5,布団,ふとん,粗大ごみ,ひもでしばってください。,520円,,,Futon,,\n"
        "6,毛布,もうふ,古布,,,ブランケット,,Blanket,,\n"
        "7,消火器,しょうかき,,,,,,,,\n"
        "8,タイヤ,たいや,市では集めません,買った店に聞いてください。,,,,,,\n"
        "9,本,ほん,古布,,,,,,,\n"
        "10,掃除機,そうじき,粗大ごみ,,310円,,,Vacuum cleaner,,\n"
        "11,ぬいぐるみ,ぬいぐるみ,燃やすごみ,,,,,,,\n"
        "12,茶わん,ちゃわん,燃やさないごみ,,,,,,,\n"
        "13,炊飯器,すいはんき,燃やさないごみ,,,,,,,\n"
        "14,バケツ,ばけつ,プラスチック,,,,,,,\n"
    ),
    "area_days.csv": (
        "ID,地名,センター,燃やすごみ,プラスチック,燃やさないごみ,粗大ごみ\n"
        "honcho,本町,南センター,月 木,火,水2,*1\n"
    ),
    "remarks.csv": "ID,注意事項\n1,電話で申し込んでください。\n",
    "description.csv": (
        "label,label:ja-easy,label:en,description,description:en,styles,bgcolor\n"
        "燃やすごみ,燃《も》やす ごみ,Burnable garbage,水を切ってください。,Drain.,burn,#b3261e\n"
        "プラスチック,プラスチック,Plastic,すすいでください。,Rinse it.,plastic,#00639b\n"
        "燃やさないごみ,燃《も》やさない ごみ,Non-burnable garbage,,,unburn,#ffe14d\n"
        "粗大ごみ,大《おお》きい ごみ,Large items,電話で申し込んでください。,,large,#5d4037\n"
        "古布,古《ふる》い 布《ぬの》,Paper and cloth,,,paper,#7a4f01\n"
        "市では集めません,市《し》は 集《あつ》めません,Not collected,,,none,#4a4e69\n"
    ),
}


@pytest.fixture(scope="session")
def garbage(write_city):
    """The plugin's table in the city's file."""
    return write_city(FILES)


@pytest.fixture(scope="module")
def town(tmp_path_factory, loop_thread, redis_url, migrated, garbage):
    """A gateway with the plugin on, one for all tests of a module."""
    plugins = {"garbage_bot": garbage, "liff": {}}
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, loop_thread, redis_url, plugins, {}, template=migrated) as town:
        yield town


@pytest.fixture
def resident(town):
    """A friend of the account."""
    return TestResident(town)
