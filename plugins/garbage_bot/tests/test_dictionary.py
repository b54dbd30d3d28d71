"""A list is read whole, however it was saved, or not at all; what is wrong is said in words."""

import io
import random

import pytest
from openpyxl import Workbook

from madoguchi_garbage_bot.dictionary import load_dictionary

LIST = """品名,分別区分,注意点
アイロン,金属,
傘,金属,"布は
はずす"
髙級な①の皿,燃やせない,
"""


def load(text, name="list.csv", encoding="utf-8", **options):
    return load_dictionary(text.encode(encoding), name, **options)


def names(loaded):
    return [entry.name for entry in loaded.dictionary.entries]


def words(loaded):
    return "\n".join(map(str, loaded.problems))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_to_save_a_file_is_read(encoding, end):
    loaded = load(LIST.replace("\n", end), encoding=encoding)
    assert names(loaded) == ["アイロン", "傘", "髙級な①の皿"]
    assert loaded.dictionary.entries[1].note == "布は\nはずす"
    assert not loaded.problems


def test_line_ends_may_be_mixed():
    assert len(names(load("品名,分別区分\r\n傘,金属\n皿,不燃\r\n"))) == 2


def test_excel_is_read_as_it_shows_numbers():
    book = Workbook()
    for row in (["番号", "品名", "分別区分"], [12, "傘", "金属"], [13.0, "皿", "不燃"]):
        book.active.append(row)
    book.save(file := io.BytesIO())
    loaded = load_dictionary(file.getvalue(), "list.xlsx")
    assert [entry.id for entry in loaded.dictionary.entries] == ["12", "13"]


def test_layouts_are_known_by_their_header():
    fives = load("label,name,notice,furigana,\n不燃,傘,骨をはずす,かさ　,\n").dictionary.entries[0]
    assert (fives.name, fives.category, fives.note, fives.reading) == (
        "傘",
        "不燃",
        "骨をはずす",
        "かさ",
    )
    standard = load(
        "全国地方公共団体コード,ID,地方公共団体名,ゴミの品目,ゴミの品目_カナ,ゴミの品目_英字,"
        "分別区分,注意点,料金種別,料金,料金備考,備考\n"
        "131000,A1,東京,傘,カサ,umbrella,不燃,乾かす,有料,200円,1本,小さく\n"
    ).dictionary.entries[0]
    assert (standard.id, standard.fee, standard.note) == ("A1", "有料 200円 1本", "乾かす\n小さく")
    assert (standard.say("name", "en"), standard.say("name", "ko")) == ("umbrella", "傘")
    ward = load("ごみの分別方法_分別区分,ごみの分別方法_ゴミの品目\n不燃,傘\n")
    assert names(ward) == ["傘"]
    commented = load("#LINK,,\n#property,name,classification\n#type,string,string\n7,傘,不燃\n")
    assert [(one.id, one.name) for one in commented.dictionary.entries] == [("7", "傘")]
    assert "3行目" in words(commented)


def test_a_city_can_name_its_columns():
    text = "しなもの,わけかた,name_en\n傘,不燃,umbrella\n"
    assert "見出しの行が見つかりません" in words(load(text))
    named = load(text, columns={"name": "しなもの", "category": "わけかた"})
    assert named.dictionary.entries[0].say("name", "en") == "umbrella"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("品名,分別区分\n傘,不燃\n,不燃\n", "list.csv 3行目「品名」: 品名がありません"),
        (
            "品名,分別区分\n傘,不燃\n皿,不燃,割れ物,注意\n",
            "list.csv 3行目「3列目」: 見出しより2列多い",
        ),
        ("品名,分別区分\n傘,不燃\n皿\ufffd,不燃\n", "3行目「品名」: 文字がこわれています"),
        ("品名,分別区分\n傘,不燃\n皿,不\x07燃\n", "3行目「分別区分」: 文字がこわれています"),
        (f"品名,分別区分\n{'傘' * 201},不燃\n", "品名は200文字まで"),
        ("番号,品名,分別区分\n1,傘,不燃\n1,皿,不燃\n", "「番号」: 「1」が2回あります"),
        ("品名,分別区分\n傘,\n皿,\n", "分別区分のない行が多すぎます"),
        ("品名,分別区分\n", "品名が1つもありません"),
        ('品名,分別区分\n傘,"不燃\n', "CSVとして読めません"),
        ("", "見出しの行が見つかりません"),
    ],
)
def test_an_error_is_said_with_its_place_and_nothing_loads_half(text, said):
    loaded = load(text)
    assert loaded.dictionary is None
    assert said in words(loaded)
    assert loaded.errors


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("品名,分別区分,棚番号\n傘,不燃,9\n", 1, "使わない列があります: 棚番号"),
        ("品名,分別区分\n傘,不燃\n\n,\n皿,不燃\n", 2, "空の行が2行"),
        ("品名,分別区分\n傘,不燃\n傘,不燃\n", 2, "「傘」（不燃）が2回"),
        ("品名,分別区分\n巻き?,不燃\n", 1, "ぬけた文字かもしれません"),
        ("品名,分別区分,注意点\n傘,不燃\n", 1, "見出しは3列、この行は2列です"),
        ("品名,分別区分,備考\n傘,不燃,\n,,い\n", 1, "3行目「品名」: 品名も分別区分もないので"),
        ("品名,分別区分\n" + "傘,不燃\n" * 11 + "縄,\n", 12, "分別区分がありません"),
    ],
)
def test_a_remark_is_said_and_the_list_is_used(text, count, said):
    loaded = load(text)
    assert len(loaded.dictionary.entries) == count
    assert said in words(loaded)


def damage(data, chance):
    """The file as a bad disk, a bad editor or a bad afternoon leaves it."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + chance.randint(1, 30)]
            case 2:
                data[place:place] = chance.choice(
                    [b'"', b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"#"]
                )
            case 3:
                data[place:place] = data[place - 20 : place]
            case _:
                del data[place:]
    return bytes(data)


def excel():
    book = Workbook()
    for line in LIST.replace('"', "").splitlines():
        book.active.append(line.split(","))
    book.save(file := io.BytesIO())
    return file.getvalue()


@pytest.mark.parametrize(
    "times", [pytest.param(1_500), pytest.param(12_000, marks=pytest.mark.slow)]
)
def test_damaged_files_never_crash_and_never_load_half(times):
    chance = random.Random(6)
    long = LIST + "".join(f"品{n},不燃,注意{n}\n" for n in range(40))
    files = [(long.encode(one), "a.csv") for one in ("utf-8", "cp932", "utf-16")]
    files.append((excel(), "a.xlsx"))
    outcomes = set()
    for turn in range(times):
        data, name = files[turn % 4]
        loaded = load_dictionary(damage(data, chance), name)
        outcomes.add(loaded.dictionary is None)
        assert (loaded.dictionary is None) == bool(loaded.errors)
        if loaded.dictionary:
            assert all(entry.name for entry in loaded.dictionary.entries)
    assert outcomes == {True, False}


def test_every_real_list_is_read_as_it_is(shared):
    found = {
        path.relative_to(shared / "garbage").as_posix(): load_dictionary(
            path.read_bytes(), path.name
        )
        for pattern in ("*/target.csv", "tsu/*.csv", "takamatsu/0074.*")
        for path in (shared / "garbage").glob(pattern)
    }
    sizes = {path: len(one.dictionary.entries) for path, one in found.items() if one.dictionary}
    assert sizes["tsu/original.csv"] == sizes["tsu/tsu_gomi.ja.utf8.csv"] == 3984
    assert sizes["takamatsu/0074.csv"] == sizes["takamatsu/0074.xlsx"] == 606
    assert sizes["kyotango/target.csv"] == 776
    assert len(sizes) == len(found) >= 10
    assert "632行目「type」: 分別区分がありません" in words(found["hiroshima/target.csv"])
