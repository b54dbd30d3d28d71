"""What holds for everything that could be typed."""

import string
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.catalogs import PLACEHOLDER
from madoguchi.reading import (
    Unreadable,
    clean,
    read_birthdate,
    read_choice,
    read_date,
    read_email,
    read_kana,
    read_line,
    read_number,
    read_phone,
    read_postcode,
    read_text,
    show_date,
    show_era,
    show_phone,
    show_postcode,
)

TODAY = date(2026, 11, 22)
OPTIONS = {"a": "はい", "b": "いいえ", "c": "3番目"}
READERS = [
    lambda text: read_number(text, 0, 10**12),
    lambda text: read_date(text, TODAY),
    lambda text: read_date(text, TODAY, past=True),
    lambda text: read_birthdate(text, TODAY),
    read_phone,
    read_postcode,
    read_email,
    read_kana,
    read_line,
    read_text,
    lambda text: read_choice(text, OPTIONS),
]
TELLING = (
    "0123456789０９〇一二十百千万元年月日令和平成昭RHS-ー/.,、"
    "()（）+＋@人つ゛ｶﾞカか\u3099 　\n\u200d\ud800\x00:｡。です"
)
typed = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text(TELLING, max_size=30),
    # `* n`: what a regex with a quadratic heart would choke on.
    st.builds(
        lambda one, n: one * n, st.text(TELLING, min_size=1, max_size=3), st.integers(1, 3333)
    ),
)
days = st.dates(date(1873, 1, 1), date(2099, 12, 31))
WIDE = str.maketrans(
    {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}
)
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")


@pytest.mark.parametrize("read", READERS)
@given(text=typed)
def test_junk_raises_nothing_but_unreadable(read, text):
    refused = None
    try:
        read(text)
    except Unreadable as error:
        refused = error
    if refused is not None:
        assert refused.text
        assert {*PLACEHOLDER.findall(refused.text)} == {*refused.values}


@given(typed)
def test_what_was_read_once_reads_as_itself(text):
    for read in (read_phone, read_postcode, read_email, read_kana, read_line, read_text):
        try:
            value = read(text)
        except Unreadable:
            continue
        assert read(value) == value
    assert clean(clean(text)) == clean(text)


def in_kanji(number: int) -> str:
    """As one writes it: 12,300 is 一万二千三百."""
    if number == 0:
        return "〇"
    words = ""
    for size, name in ((10**8, "億"), (10**4, "万"), (1, "")):
        section, number = divmod(number, size)
        if not section:
            continue
        for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, section = divmod(section, place)
            if digit:
                one = "" if digit == 1 and unit else str(digit).translate(KANJI)
                words += one + unit
        words += name
    return words


@given(st.integers(0, 10**12 - 1), st.sampled_from(["", "人", "つ", "円", "人です"]))
def test_numbers_in_every_dress(number, counter):
    for written in (str(number), f"{number:,}", in_kanji(number), str(number).translate(KANJI)):
        for dressed in (written + counter, (written + counter).translate(WIDE), f" {written} "):
            assert read_number(dressed, 0, 10**12) == number, dressed


@given(days)
def test_dates_are_read_as_they_are_shown(day):
    plain = [day.isoformat(), f"{day:%Y%m%d}", f"{day.year}/{day.month}/{day.day}", show_date(day)]
    plain += [
        show_era(day),
        show_era(day).replace("元年", "1年"),
        f"{day.year}.{day.month}.{day.day}",
    ]
    for shown in plain:
        for dressed in (shown, shown.translate(WIDE), shown.translate(KANJI), f"　{shown}。"):
            assert read_date(dressed, TODAY) == day, dressed


@given(days)
def test_eras_by_their_letters(day):
    shown = show_era(day).replace("元", "1")
    letter = {"令和": "R", "平成": "H", "昭和": "S", "大正": "T", "明治": "M"}[shown[:2]]
    count = shown[2 : shown.index("年")]
    for written in (
        f"{letter}{count}.{day.month}.{day.day}",
        f"{letter.lower()}{int(count):02}{day:%m%d}",
        f"{shown[0]}{count}/{day.month}/{day.day}",
    ):
        assert read_date(written, TODAY) == day


@given(st.integers(-182, 182))
def test_a_date_without_a_year_is_the_nearest(distance):
    day = TODAY + timedelta(distance)
    if (day.month, day.day) != (2, 29):
        assert read_date(f"{day.month}月{day.day}日", TODAY) == day
        past = read_date(f"{day.month}/{day.day}", TODAY, past=True)
        future = read_date(f"{day.month}/{day.day}", TODAY, future=True)
        assert past <= TODAY <= future
        assert (past.month, past.day) == (future.month, future.day) == (day.month, day.day)


@given(st.dates(date(1896, 12, 1), TODAY))
def test_birthdates(day):
    assert read_birthdate(show_era(day), TODAY) == read_birthdate(show_date(day), TODAY) == day


numbers = st.one_of(
    st.from_regex(r"0[6789]0[1-9][0-9]{7}", fullmatch=True),
    st.from_regex(r"03[3-6][0-9]{7}", fullmatch=True),
    st.from_regex(r"0120[0-9]{6}", fullmatch=True),
)


@given(numbers)
def test_phones(phone):
    try:
        read_phone(phone)
    except Unreadable:
        return  # a block that nobody has been given
    shown = show_phone(phone)
    assert shown.replace("-", "") == phone
    for written in (shown, shown.replace("-", "ー"), shown.replace("-", " "), f"+81{phone[1:]}"):
        assert read_phone(written) == read_phone(written.translate(WIDE)) == phone


@given(st.text(string.digits, min_size=7, max_size=7))
def test_postcodes(postcode):
    shown = show_postcode(postcode)
    assert read_postcode(shown) == read_postcode(shown.translate(WIDE)) == postcode


@given(st.from_regex(r"[a-z0-9_.+-]{1,20}@[a-z0-9]{1,10}\.(ne\.)?jp", fullmatch=True))
def test_emails(address):
    assert read_email(address) == read_email(address.translate(WIDE)) == address


HIRAGANA = "".join(map(chr, range(0x3042, 0x3094)))


@given(st.text(HIRAGANA, min_size=1, max_size=20))
def test_kana_in_every_dress(name):
    katakana = "".join(chr(ord(letter) + 0x60) for letter in name)
    apart = katakana.translate({ord("ガ"): "カ゛", ord("パ"): "ハ゜", ord("ド"): "ﾄﾞ"})
    assert read_kana(name) == read_kana(katakana) == read_kana(apart) == katakana


labels = st.lists(st.text(HIRAGANA, min_size=1, max_size=6), min_size=1, max_size=9, unique=True)


@given(labels, st.data())
def test_every_option_can_be_chosen(names, data):
    options = {f"v{number}": name for number, name in enumerate(names)}
    value = data.draw(st.sampled_from(sorted(options)))
    katakana = "".join(chr(ord(letter) + 0x60) for letter in options[value])
    assert read_choice(options[value], options) == read_choice(katakana, options) == value
    place = list(options).index(value) + 1
    if str(place) not in options.values():
        assert read_choice(str(place), options) == read_choice(f"{place}番", options) == value
