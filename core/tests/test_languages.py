"""Catalogs, placeholders, ruby, and what is wrong with a file that a city edited."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from madoguchi.catalogs import PLACEHOLDER
from madoguchi.languages import Languages, html_language, without_readings

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def entry(msgid, msgstr, before=""):
    return f'{before}msgid "{msgid}"\nmsgstr "{msgstr}"\n\n'


@pytest.fixture
def package(tmp_path):
    """Write the catalogs of a package; returns its folder."""

    def write(name="package", **languages):
        folder = tmp_path / name
        (folder / "locale").mkdir(parents=True, exist_ok=True)
        for language, body in languages.items():
            file = folder / "locale" / f"{language.replace('_', '-')}.po"
            file.write_text(HEAD + body, "utf-8")
        return folder

    return write


def test_the_japanese_is_the_key_and_the_fallback(package):
    languages = Languages([package(en=entry("図書館", "Library"))])
    assert languages.say("図書館", "en") == "Library"
    assert languages.say("図書館", "ja") == languages.say("図書館", None) == "図書館"
    assert languages.say("図書館", "ja-easy") == languages.say("図書館", "vi") == "図書館"
    assert languages.say("博物館", "en") == "博物館"


def test_a_page_marks_what_is_missing(package):
    languages = Languages([package(en=entry("図書館", "Library"))])
    assert languages.html("図書館", "en") == "Library"
    assert languages.html("博物館", "en") == '<span lang="ja">博物館</span>'
    assert languages.html("博物館", "ja-easy") == "博物館"
    assert languages.html({"en": "Museum"}, "ja") == '<span lang="en">Museum</span>'
    assert [html_language(one) for one in (None, "ja", "ja-easy", "en")] == ["ja", "ja", "ja", "en"]


def test_texts_that_are_data():
    languages = Languages()
    words = {"ja": "図書館", "en": "Library", "ja-easy": "図書館《としょかん》"}
    assert [languages.say(words, one) for one in ("ja", "en", "ja-easy", "vi", None)] == [
        "図書館", "Library", "図書館（としょかん）", "図書館", "図書館",
    ]  # fmt: skip
    assert languages.say({"ja": "図書館", "en": ""}, "en") == "図書館"
    assert languages.say({}, "en") == ""


def test_ruby_on_pages_and_brackets_in_chats(package):
    easy = (
        "市役所《しやくしょ》へ 来《き》てください。｜３か月《さんかげつ》、市役所《しやくしょ》。"
    )
    languages = Languages([package(ja_easy=entry("来庁してください。", easy))])
    assert languages.say("来庁してください。", "ja-easy") == (
        "市役所（しやくしょ）へ 来（き）てください。３か月（さんかげつ）、市役所。"
    )
    page = languages.html("来庁してください。", "ja-easy")
    assert page.startswith("<ruby>市役所<rp>（</rp><rt>しやくしょ</rt><rp>）</rp></ruby>へ ")
    assert "<ruby>３か月<rp>" in page
    assert without_readings(easy) == "市役所へ 来てください。３か月、市役所。"


def test_brackets_are_ruby_in_easy_japanese_only():
    assert Languages().say("雑誌《広報》", "ja") == "雑誌《広報》"
    assert Languages().html("雑誌《広報》", "ja") == "雑誌《広報》"


def test_values_are_text_and_never_code(package):
    languages = Languages(
        [package(en=entry("{name}さん、{count}件です", "{name}: {count} of them"))]
    )
    assert (
        languages.say("{name}さん、{count}件です", "en", name="Mori", count=3) == "Mori: 3 of them"
    )
    evil = "{count}<script>{name.__class__}《か》"
    assert languages.say("{name}さん", "ja", name=evil) == f"{evil}さん"
    assert languages.html("{name}さん", "ja", name=evil) == (
        "{count}&lt;script&gt;{name.__class__}《か》さん"
    )
    assert languages.html("<b>{a}", "ja", a=Markup("<i>x</i>")) == "&lt;b&gt;<i>x</i>"
    for words in ("{name.__class__}", "{0}", "{}", "{name!r}", "{name:>99999999}", "{", "}}"):
        assert languages.say(words, "ja", name="森") == words
    assert languages.say("{other}", "ja", name="森") == "{other}"


def test_a_value_may_have_languages_itself():
    words = {"ja": "{topic}を登録しました", "en": "{topic}: saved"}
    topic = {"ja": "防災", "en": "Disasters"}
    assert Languages().say(words, "en", topic=topic) == "Disasters: saved"
    assert Languages().html(words, "ja", topic=topic) == "防災を登録しました"


def test_placeholders_may_have_any_name():
    assert Languages().say("{self}{words}{language}", "ja", self=1, words=2, language=3) == "123"


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_no_text_and_no_value_raises(words, values):
    languages = Languages()
    for language in ("ja", "ja-easy", "en", "tlh", None):
        said = languages.say({"ja": words, "ja-easy": words}, language, **values)
        shown = languages.html({"ja": words, "ja-easy": words}, language, **values)
        assert "<" not in re.sub(r"</?(ruby|rp|rt|span)( lang=\"\w+\")?>", "", shown)
        if not PLACEHOLDER.search(words) and "《" not in words:
            assert said == words


def test_the_city_comes_first_then_the_core_then_plugins_in_order(package):
    core = "文字を入力してください。"
    first = package("first", en=entry("図書館", "Library") + entry(core, "stolen"))
    second = package("second", en=entry("図書館", "Book hall") + entry("公園", "Park"))
    languages = Languages([first, second])
    assert languages.say("図書館", "en") == "Library"
    assert languages.say("公園", "en") == "Park"
    assert languages.say(core, "en") not in (core, "stolen")
    city = package("city", en=entry("図書館", "Town Library") + entry("公園", ""))
    languages = Languages([first, second], city)
    assert languages.say("図書館", "en") == "Town Library"
    assert languages.say("公園", "en") == "Park", "an empty entry hides nothing"


def test_missing_lists_what_has_no_translation(package):
    guessed = entry("橋", "Bridge", "#, fuzzy\n")
    languages = Languages([package(en=entry("図書館", "Library") + entry("公園", "") + guessed)])
    assert languages.missing("en") == ["公園", "橋"]
    assert {"公園", "図書館", "橋"} <= set(languages.missing("ja-easy"))
    assert languages.say("橋", "en") == "橋", "fuzzy is not used until a person has looked"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('msgid "図書館\nmsgstr "Library"\n', ":5"),
        ('msgid "図書館"\nmsgstr Library\n', ":6"),
        ("msgid “図書館”\nmsgstr “Library”\n", ":5"),
        ('msgid "図書館"\n', ""),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_the_rest_goes_on(package, body, line, caplog):
    broken, well = package("broken", en=body), package("well", en=entry("公園", "Park"))
    languages = Languages([broken, well])
    assert len(languages.problems) == 1
    assert f"en.po{line}" in languages.problems[0]
    assert languages.problems[0] in caplog.text
    assert languages.say("公園", "en") == "Park"
    assert languages.say("図書館", "en") == "図書館"


def test_another_encoding_is_named(package):
    folder = package(en="")
    (folder / "locale" / "en.po").write_bytes(entry("図書館", "x").encode("cp932"))
    assert "UTF-8" in Languages([folder]).problems[0]


def test_a_translation_with_other_placeholders_is_not_used(package):
    languages = Languages([package(en=entry("{name}さん", "Dear {nmae}") + entry("公園", "Park"))])
    assert languages.say("{name}さん", "en", name="森") == "森さん"
    assert "{name}, {nmae}" in languages.problems[0]
    assert languages.say("公園", "en") == "Park"


def test_what_notepad_writes_is_read(package):
    folder = package(en="")
    text = "\ufeff" + HEAD + entry("図書館", "Library")
    (folder / "locale" / "en.po").write_bytes(text.replace("\n", "\r\n").encode())
    languages = Languages([folder])
    assert languages.problems == []
    assert languages.say("図書館", "en") == "Library"


def test_an_edited_file_is_read_again(package):
    folder = package(en=entry("図書館", "Library"))
    assert Languages([folder]).say("図書館", "en") == "Library"
    package(en=entry("図書館", "The library"))
    assert Languages([folder]).say("図書館", "en") == "The library"
