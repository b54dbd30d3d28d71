"""The list is looked at, compared, made live and taken back, over HTTP."""

from madoguchi.testing import TestResident, until
from madoguchi_garbage_bot import questions

ITEMS = """番号,品名,読み,分別区分,注意点
1,傘,かさ,小型家電,柄を外す。
2,乾電池,かんでんち,有害ごみ,透明な袋に入れます。
3,花火,,燃やすごみ,
"""


def upload(desk, data, name="新しい.csv"):
    desk.opens("/garbage_bot/list")
    return desk.submits({"file": [(name, "text/csv", data)]}, "調べる")


def search_of(gateway):
    return gateway.running.services.plugins.all["garbage_bot"].state.search


def categories(gateway, text):
    result = search_of(gateway).ask(text)
    return [entry.category for entry in result.entries] if result.sure else []


def test_looked_at_compared_made_live_and_taken_back(desk, gateway):
    assert "市の設定のファイル" in desk.opens("/garbage_bot/list")
    page = upload(desk, ITEMS.encode("cp932"))
    assert "追加1、変更1、削除5。同じものは1品目です。" in page
    assert "<del>燃やさないごみ</del>" in page
    assert "花火（燃やすごみ）" in page
    assert "5品目がなくなります。" in page
    assert categories(gateway, "傘") == ["燃やさないごみ"]
    at = desk.browser.url
    done = desk.submits({}, "この一覧に切り替える")
    assert "新しい.csv" in done
    assert "見本 花子" in done
    until(lambda: categories(gateway, "傘") == ["小型家電"])
    assert categories(gateway, "花火") == ["燃やすごみ"]
    assert categories(gateway, "自転車") == []
    assert "いま使っている一覧です。" in desk.opens(at.partition("/console")[2])
    desk.opens("/garbage_bot/list/0")
    desk.submits({}, "この一覧に切り替える")
    until(lambda: categories(gateway, "傘") == ["燃やさないごみ"])
    assert "新しい.csv" in desk.opens("/garbage_bot/list")


def test_a_bad_file_is_refused_cell_by_cell_and_nothing_changes(desk, gateway):
    before = search_of(gateway)
    page = upload(desk, "品名,分別区分\n傘,燃やすごみ\n,燃やすごみ\n皿,金属,陶器\n".encode())
    assert page.status == 422
    assert "「新しい.csv」は使えません。2か所を直してください。" in page
    assert '<td class="number" data-label="行">3</td><td data-label="列">品名</td>' in page
    assert "品名がありません。" in page
    assert "見出しより1列多いです。" in page
    assert "見出しの行が見つかりません。" in upload(desk, "あ,い\n1,2\n".encode())
    assert "CSVとして読めません" in upload(desk, b'a,"b\n1,2\n')
    assert "ファイルをえらんでください。" in desk.submits({}, "調べる")
    assert search_of(gateway) is before
    assert desk.opens("/garbage_bot/list/1").status == 404


def test_two_people_do_not_overtake_each_other(desk, make_staff, gateway):
    taro = make_staff("見本 太郎", ["garbage_bot.list"])
    upload(desk, ITEMS.encode())
    upload(taro, "品名,分別区分\n傘,資源\n".encode())
    taro.submits({}, "この一覧に切り替える")
    until(lambda: categories(gateway, "傘") == ["資源"])
    late = desk.submits({}, "この一覧に切り替える")
    assert late.status == 409
    assert "ほかの人が、先に一覧を切り替えました。" in late
    assert categories(gateway, "傘") == ["資源"]
    desk.submits({}, "この一覧に切り替える")
    until(lambda: categories(gateway, "傘") == ["小型家電"])


def test_who_asked_for_what_the_new_list_has_is_told(desk, gateway):
    jiro, now = TestResident(gateway), gateway.running.services.clock.now()
    for text in ("花火を捨てたい", "鉄びん"):
        given = {"text": text, "kind": "not_found", "at": now}
        number = gateway.wait(gateway.running.store.write(questions.keep, **given))
        jiro._does(gateway.simulator.tap(jiro.user_id, f"garbage_bot:tell?id={number}"))
    upload(desk, ITEMS.encode())
    desk.submits({}, "この一覧に切り替える")
    assert jiro.hears() == ["ごみの質問の答えが、わかりました。\n\n花火\n燃やすごみ"]
    left = gateway.wait(gateway.running.store.read(questions.find_waiting))
    assert [text for _, text in left] == ["鉄びん"]


def test_a_restart_finds_the_list_that_was_live(desk, gateway):
    upload(desk, ITEMS.encode())
    desk.submits({}, "この一覧に切り替える")
    gateway.stop_worker()
    gateway.start_worker()
    assert categories(gateway, "傘") == ["小型家電"]
