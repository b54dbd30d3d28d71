"""Settings: a form for every model, what a change means, history, undo."""

import re

import pytest

TOY = """
from typing import Literal
from pydantic import BaseModel, ConfigDict, Field
from madoguchi import Consequence, hookimpl

class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(title="記号", min_length=1)
    label: str | dict[str, str] = Field(title="なまえ")
    note: str | None = Field(None, title="メモ")

class Settings(BaseModel):
    rows: list[Row] = Field([Row(id="a", label="あ"), Row(id="b", label={"ja": "い", "en": "B"})],
                            title="もの", min_length=1)
    days: int = Field(3, ge=1, le=9, title="日数")
    words: list[str] = Field(["x"], title="ことば")
    kinds: list[Literal["p", "q"]] = Field(["p"], title="種類")
    is_on: bool = Field(True, title="使う")

@hookimpl
def settings_model():
    return Settings

@hookimpl
def review_settings(db, before, after):
    if len(after.rows) < len(before.rows):
        return [Consequence("「もの」は消せません。", "rows", refused=True)]
    return [] if after == before else [Consequence("12人に影響します。", "rows")]
"""


@pytest.fixture
def plugins(install_plugin):
    install_plugin("toy", TOY)
    return {"toy": {}, "console": {}, "segment": {}}


@pytest.fixture
def admin(make_staff):
    return make_staff("管理 花子", admin=True)


@pytest.mark.parametrize("owner", ["city", "toy", "console", "segment"])
def test_what_is_not_touched_does_not_change(admin, owner):
    admin.opens(f"/settings/{owner}")
    page = admin.submits({}, "影響を確かめる")
    assert page.status == 200, page.html
    assert "変わるところはありません。" in page


def settings_of(gateway, owner="toy"):
    return gateway.running.services.plugins.all[owner].settings


def test_a_change_is_looked_at_then_made_then_taken_back(admin, gateway):
    admin.opens("/settings/toy")
    page = admin.submits({"days": "７", "words": "x\nｙ", "rows.1.label.en": ""}, "影響を確かめる")
    assert '<dt>日数</dt><dd><span class="before">3</span> → 7</dd>' in page
    assert "もの「b」 の なまえ の English" in page
    assert "12人に影響します。" in page
    assert settings_of(gateway).days == 3, "only looked at"
    page = admin.submits({"comment": "混むため"}, "変える")
    assert "保存しました。" in page
    assert settings_of(gateway).days == 7
    assert settings_of(gateway).words == ["x", "ｙ"]
    history = admin.opens("/settings/toy/history")
    assert "混むため" in history
    assert "管理 花子" in history
    page = admin.submits({}, "この設定にもどす")
    assert '<span class="before">7</span> → 3' in page
    admin.submits({}, "変える")
    assert settings_of(gateway).days == 3
    assert "設定を変えた" in admin.opens("/audit")


def test_rows_are_added_put_in_order_and_taken_out(admin, gateway):
    admin.opens("/settings/toy")
    page = admin.submits({"days": "5"}, "ものを足す")
    assert 'name="rows.2.id"' in page
    assert 'name="days" type="text" inputmode="numeric" value="5"' in page, "nothing is lost"
    typed = {"rows.2.id": "c", "rows.2.label.ja": "う", "rows.2._at": "0"}
    admin.submits(typed, "影響を確かめる")
    admin.submits({}, "変える")
    assert [one.id for one in settings_of(gateway).rows] == ["c", "a", "b"]
    admin.opens("/settings/toy")
    page = admin.submits({"rows.0._out": "1"}, "影響を確かめる")
    assert page.status == 422
    assert "「もの」は消せません。" in page
    assert 'name="comment"' not in page
    assert len(settings_of(gateway).rows) == 3


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"days": "99"}, "9以下にしてください。"),
        ({"days": "たくさん"}, "数字で入力してください。"),
        ({"rows.0.id": ""}, "入力してください。"),
    ],
)
def test_mistakes_are_said_beside_the_field_and_nothing_is_lost(admin, typed, words):
    admin.opens("/settings/toy")
    page = admin.submits({"words": "残る", **typed}, "影響を確かめる")
    assert page.status == 422
    assert words in page
    assert "残る" in page
    (name,) = typed
    assert f'href="#f-{name.replace(".", "-")}"' in page
    assert f'id="f-{name.replace(".", "-")}"' in page


def test_somebody_elses_change_is_not_overwritten(admin, make_staff, gateway):
    other = make_staff("管理 太郎", admin=True)
    for who, days in ((admin, "5"), (other, "6")):
        who.opens("/settings/toy")
        who.submits({"days": days}, "影響を確かめる")
    other.submits({}, "変える")
    page = admin.submits({}, "変える")
    assert page.status == 422
    assert settings_of(gateway).days == 6


def test_the_city_changes_its_telephone_and_its_closed_days(admin, gateway, clock):
    admin.opens("/settings/city")
    admin.submits({"phone": "0100-00-1111"}, "影響を確かめる")
    admin.submits({}, "変える")
    assert gateway.running.services.city.phone == "0100-00-1111"
    admin.opens("/calendar")
    assert admin.submits({"day": "", "label": "x"}, "足す").status == 422
    page = admin.submits({"day": "2027-05-14", "label": "開庁記念日"}, "足す")
    assert "開庁記念日" in page
    days = gateway.running.services.live.city.settings.office_day
    assert [one.label for one in days] == ["開庁記念日"]
    admin.submits({}, "外す")
    assert not gateway.running.services.live.city.settings.office_day


@pytest.mark.parametrize("path", ["/settings/nobody", "/settings/liff", "/settings/nobody/history"])
def test_what_has_no_settings_is_not_there(admin, path):
    assert admin.opens(path).status == 404


def test_a_content_that_nobody_looked_at_is_refused(admin, gateway):
    sent = [("content", '{"days": 99}'), ("base", "1")]
    assert admin.browser.posts("/mihon/console/settings/toy/save", sent).status == 404
    sent = [("content", "no json"), ("base", "1")]
    assert admin.browser.posts("/mihon/console/settings/toy/save", sent).status == 404
    assert re.fullmatch("3", str(settings_of(gateway).days))
