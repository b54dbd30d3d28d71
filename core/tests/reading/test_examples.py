"""What people type, one line each."""

from datetime import date

import pytest

from madoguchi.reading import (
    Unreadable,
    clean,
    length,
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
WRONG = object()


def check(read, typed, expected, *given, **more):
    if expected is WRONG:
        with pytest.raises(Unreadable) as caught:
            read(typed, *given, **more)
        assert str(caught.value)
        assert "{" not in str(caught.value), "its placeholders have values"
    else:
        assert read(typed, *given, **more) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("3", 3), ("３", 3), ("3人", 3), ("３人です。", 3),
        ("三つ", 3), ("みっつ", 3), ("ふたり", 2),
        ("十", 10), ("十二", 12), ("二十", 20), ("百二十三", 123), ("壱拾弐", 12), ("三〇", 30),
        ("１，２００円", 1200), ("1,200", 1200), ("1万2千", 12000), ("一万二千三百", 12300),
        ("二〇二六", 2026), ("③", 3), ("約10人くらい", 10), ("3人家族", 3), ("１２歳", 12),
        ("2か月", 2), ("なし", 0), ("ゼロ", 0), ("0", 0), (" 7 ", 7), ("007", 7), ("2 人", 2),
        ("", WRONG), ("三人と二人", WRONG), ("千葉", WRONG), ("3.5", WRONG), ("-1", WRONG),
        ("100001", WRONG), ("1,20", WRONG), ("十百", WRONG), ("万", WRONG), ("たくさん", WRONG),
        ("٣", WRONG), ("½", WRONG), ("1e3", WRONG), ("0x10", WRONG), ("9" * 10_000, WRONG),
    ],
)  # fmt: skip
def test_numbers(typed, expected):
    check(read_number, typed, expected, 0, 100_000)


def test_numbers_below_zero():
    assert read_number("マイナス3度", -10, 10) == read_number("−３", -10, 10) == -3


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2026-04-01", date(2026, 4, 1)),
        ("2026/4/1", date(2026, 4, 1)),
        ("２０２６．４．１", date(2026, 4, 1)),
        ("20260401", date(2026, 4, 1)),
        ("2026年4月1日（水）", date(2026, 4, 1)),
        ("2026年 4月 1日 水曜日", date(2026, 4, 1)),
        ("2026.4.29(水・祝)", date(2026, 4, 29)),
        ("西暦2026年4月1日です", date(2026, 4, 1)),
        ("二〇二六年四月一日", date(2026, 4, 1)),
        ("令和8年4月1日", date(2026, 4, 1)),
        ("令和八年四月一日", date(2026, 4, 1)),
        ("令和８年１２月３１日", date(2026, 12, 31)),
        ("R8.4.1", date(2026, 4, 1)),
        ("r080401", date(2026, 4, 1)),
        ("令8/4/1", date(2026, 4, 1)),
        ("㋿8年4月1日", date(2026, 4, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("明治6年1月1日", date(1873, 1, 1)),
        # As people still write them: the era went on, or had not begun.
        ("平成31年5月1日", date(2019, 5, 1)),
        ("平成33年3月31日", date(2021, 3, 31)),
        ("昭和64年1月8日", date(1989, 1, 8)),
        ("昭和101年4月1日", date(2026, 4, 1)),
        ("令和元年4月1日", date(2019, 4, 1)),
        ("今日", TODAY),
        ("あした", date(2026, 11, 23)),
        ("明日です", date(2026, 11, 23)),
        ("あさって", date(2026, 11, 24)),
        ("昨日", date(2026, 11, 21)),
        ("おととい", date(2026, 11, 20)),
        ("12月1日", date(2026, 12, 1)),
        ("十二月一日", date(2026, 12, 1)),
        ("11/1", date(2026, 11, 1)),
        ("1201", date(2026, 12, 1)),
        ("1月5日", date(2027, 1, 5)),
        ("2月29日", date(2028, 2, 29)),
        ("", WRONG),
        ("2月30日", WRONG),
        ("2026年13月1日", WRONG),
        ("2025/2/29", WRONG),
        ("平成0年1月1日", WRONG),
        ("平成元年元月元日", WRONG),
        ("明治5年12月2日", WRONG),
        ("26/4/1", WRONG),
        ("4/1/2026", WRONG),
        ("来年", WRONG),
        ("15日", WRONG),
        ("R" * 10_000, WRONG),
        ("1月" * 5_000, WRONG),
    ],
)
def test_dates(typed, expected):
    check(read_date, typed, expected, TODAY)


def test_dates_in_the_past_and_in_the_future():
    assert read_date("4月1日", TODAY, past=True) == date(2026, 4, 1)
    assert read_date("4月1日", TODAY, future=True) == date(2027, 4, 1)
    assert read_date("12/25", TODAY, past=True) == date(2025, 12, 25)
    assert read_date("11/22", TODAY, past=True) == read_date("11/22", TODAY, future=True) == TODAY
    check(read_date, "昨日", WRONG, TODAY, future=True)
    check(read_date, "2026/11/23", WRONG, TODAY, past=True)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("平成2年4月1日", date(1990, 4, 1)),
        ("S55.3.2", date(1980, 3, 2)),
        ("昭55･3･2", WRONG),
        ("19900401", date(1990, 4, 1)),
        ("1990年4月1日生まれ", WRONG),
        ("2026/11/22", TODAY),
        ("2026/11/23", WRONG),
        ("大正12年9月1日", date(1923, 9, 1)),
        ("1895/1/1", WRONG),
        ("4月1日", WRONG),
        ("今日", WRONG),
        ("36歳", WRONG),
    ],
)
def test_birthdates(typed, expected):
    check(read_birthdate, typed, expected, TODAY)


def test_dates_are_shown():
    assert (
        show_date(date(2026, 4, 1))
        == show_date(date(2026, 4, 1), "ja-easy")
        == "2026年4月1日（水）"
    )
    assert show_date(date(2026, 4, 1), "en") == "Wed 1 Apr 2026"
    assert show_era(date(2019, 4, 30)) == "平成31年4月30日"
    assert show_era(date(2019, 5, 1)) == "令和元年5月1日"
    assert show_era(date(1872, 12, 31)) == "1872年12月31日"


@pytest.mark.parametrize(
    ("typed", "expected", "shown"),
    [
        ("03-1234-5678", "0312345678", "03-1234-5678"),
        ("０３（１２３４）５６７８", "0312345678", "03-1234-5678"),
        ("03 1234 5678", "0312345678", "03-1234-5678"),
        ("+81 3-1234-5678", "0312345678", "03-1234-5678"),
        ("+81 (0)3 1234 5678", "0312345678", "03-1234-5678"),
        ("0422ー52ー1234", "0422521234", "0422-52-1234"),
        ("09012345678", "09012345678", "090-1234-5678"),
        ("電話：090−1234−5678", "09012345678", "090-1234-5678"),
        ("TEL 070.1234.5678", "07012345678", "070-1234-5678"),
        ("060-1234-5678", "06012345678", "060-1234-5678"),
        ("050-1234-5678", "05012345678", "050-1234-5678"),
        ("0120-123-456", "0120123456", "0120-123-456"),
        ("09969-2-1234", "0996921234", "09969-2-1234"),
    ],
)
def test_phones(typed, expected, shown):
    assert read_phone(typed) == expected
    assert show_phone(expected) == shown


@pytest.mark.parametrize(
    "typed",
    ["", "1234-5678", "110", "090-1234-567", "090-1234-56789", "+82 2 312 3456", "0120-FLOWERS",
     "03-1234-5678 内線12", "03-1234-5678、090-1234-5678", "なし", "0" * 10_000],
)  # fmt: skip
def test_no_phones(typed):
    check(read_phone, typed, WRONG)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("100-0001", "1000001"), ("〒１００－０００１", "1000001"), ("1000001", "1000001"),
        ("100ー0001", "1000001"), ("郵便番号：100-0001", "1000001"), ("100 0001", "1000001"),
        ("", WRONG), ("100", WRONG), ("100-00011", WRONG), ("東京都", WRONG), ("1" * 10_000, WRONG),
    ],
)  # fmt: skip
def test_postcodes(typed, expected):
    check(read_postcode, typed, expected)


def test_postcodes_are_shown():
    assert show_postcode("1000001") == "〒100-0001"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("taro@example.jp", "taro@example.jp"),
        (" Taro.Yamada+shi@Example.JP　", "Taro.Yamada+shi@example.jp"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("taro@example。jp", "taro@example.jp"),
        ("a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp"),
        ("taroーyamada@example.jp", "taro-yamada@example.jp"),
        ("a~b_c@example.co.jp", "a~b_c@example.co.jp"),
        ("mailto:taro@example.jp", "taro@example.jp"),
        ("taro@日本語.jp", "taro@xn--wgv71a119e.jp"),
        ("", WRONG), ("taro", WRONG), ("taro@", WRONG), ("@example.jp", WRONG),
        ("taro@example", WRONG), ("taro@@example.jp", WRONG), ("taro@example..jp", WRONG),
        ("taro yamada@example.jp", WRONG), ("太郎@example.jp", WRONG), ("taro@-a.jp", WRONG),
        ("taro@example.jp\r\nBcc: x@example.jp", WRONG), ("a@b.jp,c@d.jp", WRONG),
        ("x" * 65 + "@example.jp", WRONG), ("a@" + "b." * 200 + "jp", WRONG),
        ("@" * 10_000, WRONG), ("a@" + "a" * 10_000, WRONG),
    ],
)  # fmt: skip
def test_emails(typed, expected):
    check(read_email, typed, expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ヤマダ　タロウ", "ヤマダ　タロウ"), ("やまだ たろう", "ヤマダ　タロウ"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ　タロウ"), ("  やまだ  ", "ヤマダ"), ("ハ゛ハ゛", "ババ"),
        ("ハ\u3099ハ\u3099", "ババ"), ("サト-", "サトー"),
        ("ｻﾄｰ", "サトー"), ("ゔぃくとる", "ヴィクトル"),
        ("ジャン＝ポール", "ジャン・ポール"),
        ("グエン・ヴァン", "グエン・ヴァン"), ("みすゞ", "ミスヾ"),
        ("", WRONG), ("山田", WRONG), ("Smith", WRONG), ("ー", WRONG),
        ("゛", WRONG), ("ヤマダ1", WRONG),
        ("ア" * 51, WRONG), ("ア" * 10_000, WRONG),
    ],
)  # fmt: skip
def test_kana(typed, expected):
    check(read_kana, typed, expected)


KINDS = {"none": "なし", "burn": "もえるごみ", "big": "粗大ごみ", "bottle": "びん・缶"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("もえるごみ", "burn"), ("モエルゴミ", "burn"), ("ﾓｴﾙｺﾞﾐ", "burn"), ("もえる", "burn"),
        ("2", "burn"), ("②", "burn"), ("２番", "burn"), ("二", "burn"),
        ("burn", "burn"), ("BURN", "burn"),
        ("なし", "none"), ("粗大ゴミです。", "big"), ("びん", "bottle"), ("ビン・缶", "bottle"),
        ("", WRONG), ("5", WRONG), ("0", WRONG), ("ごみ", WRONG),
        ("b", WRONG), ("も" * 10_000, WRONG),
    ],
)  # fmt: skip
def test_choices(typed, expected):
    check(read_choice, typed, expected, KINDS)


def test_where_labels_begin_with_numbers_theirs_count():
    people = {"many": "10人以上", "one": "1人", "two": "2人"}
    assert read_choice("1", people) == read_choice("１人", people) == "one"
    assert read_choice("2", people) == "two"
    check(read_choice, "3", WRONG, people)
    assert read_choice("1", {"1": "はい", "2": "いいえ"}) == "1"


def test_a_wrong_choice_names_the_right_ones():
    with pytest.raises(Unreadable, match="なし、もえるごみ、粗大ごみ、びん・缶"):
        read_choice("電池", KINDS)


def test_texts():
    assert read_text(" 道に\r\n穴が  \rあります\n\n") == "道に\n穴が\nあります"
    assert read_line("山田　\n太郎\t様") == "山田 太郎 様"
    assert read_text("か\u3099") == "が"
    assert read_text("神\ufa19") == "神\ufa19", "NFC would change the ideograph of a name"
    assert read_text("a\x00b\x1b[31m\u202ec\ud800d\ufeff") == "ab[31mcd"
    check(read_text, "あ" * 11, WRONG, 10)
    check(read_line, "あ" * 20_000, WRONG, 10)
    check(read_text, " \n\u200b\x00", WRONG)
    check(read_line, "\u3000", WRONG)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("がぎぐ", 3), ("か\u3099", 1), ("👨‍👩‍👧‍👦", 1), ("🇯🇵🇫🇷", 2), ("👍🏽", 1), ("葛\U000e0100", 1),
     ("1️⃣", 1), ("😀😀", 2), ("", 0)],
)  # fmt: skip
def test_length_is_what_people_count(text, expected):
    assert length(text) == expected


def test_clean_keeps_what_belongs_to_letters():
    assert clean("👨‍👩‍👧 葛\U000e0100") == "👨‍👩‍👧 葛\U000e0100"
