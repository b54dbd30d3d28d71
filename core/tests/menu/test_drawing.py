"""The menu's picture: every tile in its place, large words, contrast, and LINE's limits (R45)."""

import io
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

from madoguchi.menu import drawing, fonts
from madoguchi.menu.drawing import Face, draw_menu
from madoguchi.menu.fonts import NoFont, find_font
from madoguchi.menu.icons import ICONS, draw_icon
from madoguchi.menu.layout import HEIGHTS, WIDTH, arrange
from madoguchi.menu.lettering import line_height, set_text

LABELS = [
    "お知らせの受け取り設定",
    "ごみ",
    "道路や公園の不具合を知らせる",
    "Notification settings",
    "電話《でんわ》を する",
    "見本市の市民農園と緑の相談所の申し込み…",
]


@pytest.mark.parametrize("count", range(1, 7))
def test_r45_tiles_cover_the_menu_without_gaps_and_do_not_overlap(count):
    height, places = arrange(count)
    assert height in HEIGHTS.values()
    assert WIDTH / height >= 1.45
    assert sum(one.width * one.height for one in places) == WIDTH * height
    for one, other in combinations(places, 2):
        apart = one.x + one.width <= other.x or other.x + other.width <= one.x
        above = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart or above


@pytest.mark.parametrize("count", [2, 6])
def test_r45_the_picture_has_the_menus_size_and_stays_far_below_1_mb(count):
    icons = sorted(ICONS)
    faces = tuple(Face(icons[n], LABELS[n]) for n in range(count))
    data = draw_menu(faces, find_font(None))
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "PNG"
    assert picture.size == (WIDTH, arrange(count)[0])
    assert len(data) < 300_000
    for place in arrange(count)[1]:
        box = (place.x, place.y, place.x + place.width, place.y + place.height)
        dark = sum(picture.convert("L").crop(box).histogram()[:60])
        assert dark > 2_000, "a tile has no words"


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [drawing.INK, *drawing.SIGNS])
def test_words_and_signs_have_the_contrast_of_aa(colour):
    assert (luminance(drawing.PAPER) + 0.05) / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("name", ICONS)
def test_every_sign_stays_inside_of_its_field(name):
    mask = draw_icon(name, 96)
    left, top, right, bottom = mask.getbbox()
    assert min(left, top, 96 - right, 96 - bottom) > 0, "it is cut off"
    assert 0.1 < sum(mask.histogram()[128:]) / 96**2 < 0.8


def one_wide(text: str) -> float:
    return len(text)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("お知らせの受け取り設定", 700, ["お知らせの", "受け取り設定"]),
        ("Book an appointment", 1100, ["Book an", "appointment"]),
        ("電話《でんわ》を する", 1400, ["電話を する"]),
        ("図書館", 900, ["図書館"]),
        ("ごみー、すて方", 400, ["ごみー、", "すて方"]),
    ],
)
def test_labels_break_where_people_pause(text, width, lines):
    set_ = set_text(text, width, 800, one_wide)
    assert ["".join(unit.text for unit in row) for row in set_.lines] == lines
    assert all(sum(len(unit.text) for unit in row) * set_.size <= width for row in set_.lines)


def test_only_a_line_with_readings_has_room_for_them():
    set_ = set_text("電話《でんわ》を する", 300, 800, one_wide)
    with_reading, without = (line_height(set_.size, row) for row in set_.lines)
    assert with_reading > without
    assert set_.height == with_reading + without


def test_a_label_that_nothing_fits_is_still_drawn():
    assert set_text("あ" * 20, 100, 100, one_wide).size == 64


def test_without_a_font_it_says_which_package_to_install(monkeypatch, tmp_path):
    find_font.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fonts, "MAC", str(tmp_path / "none.ttc"))
    with pytest.raises(NoFont, match=r"apt-get install fonts-noto-cjk.*\[menu\] font"):
        find_font(None)


def test_a_font_of_the_citys_own_must_know_japanese(tmp_path):
    wrong = tmp_path / "own.ttf"
    wrong.write_text("no font")
    with pytest.raises(NoFont, match=r"\[menu\] font: .*own.ttf is no font file"):
        find_font(wrong)
    found = find_font(None)
    assert find_font(Path(found.file)).file == found.file
