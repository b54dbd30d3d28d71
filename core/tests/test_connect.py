"""`madoguchi connect` against the simulated LINE: each mistake is a line with what to press."""

import asyncio
import json
import tomllib
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import pytest
from typer.testing import CliRunner

from madoguchi import followers, serving
from madoguchi.cli import app
from madoguchi.connecting import walk
from madoguchi.connecting.finding import Mark
from madoguchi.testing import TestResident
from madoguchi.testing.town import LIFF_ID
from madoguchi_simulator import Channel, LiffApp, Simulator

LOGIN_SECRET = "simulator-login-channel-secret-00"
FILE = """
public_url = "{public_url}"
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "{channel_id}"
channel_secret = {{ env = "CONNECT_SECRET" }}
{token}
{login}
liff = {liff}
platform = "{platform}"
{line}
[store]
redis_url = {{ env = "CONNECT_REDIS" }}
[plugins.liff]
"""


class Connecting:
    """A town that is being connected: what its file holds, and the command."""

    def __init__(self, town, folder, monkeypatch):
        self.town, self.folder, self.environment = town, folder, monkeypatch.setenv
        self.webhook = town.webhook
        self.data = town.folder
        self.file = {
            "public_url": town.pages_url,
            "channel_id": town.channel.id,
            "platform": town.platform,
            "token": 'access_token = { env = "CONNECT_TOKEN" }',
            "login": 'login_secret = { env = "CONNECT_LOGIN" }',
            "liff": f'["{LIFF_ID}"]',
            "line": "",
        }
        self.environment("CONNECT_SECRET", town.channel.secret)
        self.environment("CONNECT_TOKEN", town.channel.access_token)
        self.environment("CONNECT_LOGIN", LOGIN_SECRET)
        self.environment("CONNECT_REDIS", town.redis_url)

    def write(self, name="mihon"):
        file = self.folder / f"{name}.toml"
        text = FILE.format(**self.file).replace('public_url = ""\n', "")
        file.write_text(text, "utf-8")
        return file

    def run(self, *options, typed=""):
        command = ["connect", "--config", str(self.write()), "--data", str(self.data)]
        command += ["--webhook", self.webhook] if self.webhook else []
        return CliRunner().invoke(app, [*command, *options], input=typed)

    def check(self):
        """`--check`: the exit code, the lines by their marks, and everything below them."""
        done = self.run("--check")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return done.exit_code, done.output

    def set(self, **settings):
        self.town.call(self.town.simulator.change_settings, settings)

    def faults(self, *rules):
        self.town.call(self.town.simulator.set_faults, list(rules))

    def read_friends(self):
        s = self.town.running.services
        reader = followers.reader_of(s.office, s.store.write, s.client, s.clock)
        self.town.wait(reader.read_on(5))


@pytest.fixture
def connecting(make_town, tmp_path, monkeypatch):
    """Everything is right: somebody has opened a page, and the friends are read."""
    return connect_well(make_town({"liff": {}}), tmp_path, monkeypatch)


def connect_well(town, tmp_path, monkeypatch):
    folder = tmp_path / "config"
    folder.mkdir()
    found = Connecting(town, folder, monkeypatch)
    TestResident(town).opens("/liff/")
    found.read_friends()
    return found


def lines_of(output, mark):
    return [line[2:] for line in output.splitlines() if line.startswith(mark)]


def test_a_good_connection_has_a_tick_at_every_step(connecting):
    code, output = connecting.check()
    assert code == 0, output
    assert lines_of(output, Mark.WRONG) == []
    assert lines_of(output, Mark.NOTE) == [walk.NO_DRILL.text]
    assert lines_of(output, Mark.LOOK) == [
        "『Webhookの再送』はオンですか。",
        "『あいさつメッセージ』と『応答メッセージ』はオフですか。",
    ]
    assert len(lines_of(output, Mark.GOOD)) == len(walk.STEPS) - 2
    assert output.endswith("\nつながりました。？の行は、目で確かめます。\n")


# The channel, its secret and its token


def said(connecting, *fragments):
    """Exit code 1, and these lines."""
    code, output = connecting.check()
    assert code == 1, output
    for fragment in fragments:
        assert fragment in output, output
    assert "つながりました" not in output
    return output


def test_a_wrong_secret_is_found_and_lines_that_need_it_are_left_out(connecting):
    connecting.environment("CONNECT_SECRET", "0" * 32)
    output = said(connecting, "✗ 『チャネルID』か『チャネルシークレット』が違います。")
    assert "文字です" not in output
    assert "『Webhook" not in output
    assert output.splitlines()[-1].startswith("まだ")


def test_a_secret_that_was_cut_off_is_said(connecting):
    connecting.environment("CONNECT_SECRET", "abc12")
    said(connecting, "いまの値は5文字です。正しくは、0〜9とa〜fの32文字です。")


def test_the_login_channel_is_no_messaging_channel(connecting):
    connecting.file["channel_id"] = LIFF_ID.partition("-")[0]
    connecting.environment("CONNECT_SECRET", LOGIN_SECRET)
    said(connecting, "✗ 『チャネルID』は、Messaging APIのものではありません。")


def test_a_wrong_token_is_found(connecting):
    connecting.environment("CONNECT_TOKEN", "nonsense")
    said(connecting, "✗ 『チャネルアクセストークン』が違うか、取り消されています。")


def test_r52_a_revoked_token_is_found(connecting):
    tokens, channel = connecting.town.simulator.tokens, connecting.town.channel
    form = {"grant_type": "client_credentials", "client_id": channel.id}
    issue = {**form, "client_secret": channel.secret}
    token = connecting.town.call(tokens.issue_short_lived, issue)["access_token"]
    connecting.environment("CONNECT_TOKEN", token)
    assert connecting.check()[0] == 0
    connecting.town.call(tokens.revoke, {"access_token": token})
    said(connecting, "✗ 『チャネルアクセストークン』が違うか、取り消されています。")


TOLD = {
    "/oauth2/v3/token": {"access_token": "t", "expires_in": 900, "token_type": "Bearer"},
    "/v2/oauth/verify": {"client_id": "1000000001", "expires_in": 1, "scope": ""},
    "/v2/bot/info": {
        "userId": "U" + "0" * 32,
        "basicId": "@x",
        "displayName": "x",
        "chatMode": "bot",
        "markAsReadMode": "auto",
    },
}
"""What LINE would answer where no simulator can play it."""


def telling(**more):
    told = {**TOLD, **more}

    async def answer(scope, receive, send):
        body = json.dumps(told.get(scope["path"], {})).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def test_a_token_of_another_channel_is_found(connecting, serve):
    other = {"client_id": "2999999999", "expires_in": 1, "scope": ""}
    connecting.file["platform"] = serve(telling(**{"/v2/oauth/verify": other}))
    said(connecting, "✗ 『チャネルアクセストークン』は、別のチャネル（2999999999）のものです。")


def test_r52_without_a_token_it_is_issued_and_one_that_expires_in_the_middle_is_replaced(
    connecting,
):
    connecting.file["token"] = ""
    refused = "Authentication failed due to the following reason: expired token."
    rule = {"endpoint": "webhook/endpoint", "share": 1, "status": 401, "message": refused}
    connecting.faults({**rule, "times": 1})
    code, output = connecting.check()
    assert code == 0, output
    assert "✓ 『チャネルアクセストークン』は、自動で作り直します。" in output


def test_a_token_that_is_revoked_in_the_middle_is_said(connecting):
    connecting.faults({"endpoint": "quota", "share": 1, "status": 401, "message": "revoked"})
    said(connecting, "✗ 途中で、『チャネルアクセストークン』が使えなくなりました。")


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"drop": True}, "✗ LINEから返事がありません。"),
        ({"status": 429}, "✗ LINEに、少し待つよう言われました。"),
        ({"status": 403, "message": "not you"}, "✗ LINEに断られました。"),
    ],
    ids=["silent", "rate", "refused"],
)
def test_what_line_refuses_in_the_middle_is_a_line(connecting, fault, line):
    connecting.faults({"endpoint": "consumption", "share": 1, **fault})
    said(connecting, line)


def test_one_account_in_two_files_is_found(connecting):
    connecting.write("kita")
    said(connecting, "✗ kita.toml にも、同じ『チャネルID』があります。")


def test_the_manager_s_chat_is_noted(connecting):
    connecting.set(chatMode="chat")
    code, output = connecting.check()
    assert code == 0
    assert lines_of(output, Mark.NOTE)[0].startswith("『チャット』がオンです。")


# Webhooks


def test_an_address_that_is_not_https_is_refused_before_line_is_asked(connecting):
    connecting.webhook = "http://line.city.example/mihon/webhook"
    output = said(connecting, "✗ http://line.city.example/mihon/webhook は、https ではありません。")
    assert "LINEに、窓口のアドレス" not in output


def test_without_an_address_nothing_can_be_set(connecting):
    connecting.webhook, connecting.file["public_url"], connecting.file["liff"] = None, "", "[]"
    output = said(connecting, "✗ 窓口のアドレス（public_url）が、ファイルにありません。")
    assert "LINEに、窓口のアドレス" not in output


def test_r15_an_address_that_is_longer_than_line_takes_is_said(connecting):
    connecting.webhook = f"https://line.city.example/{'a' * 500}"
    said(connecting, "✗ アドレスが長すぎます。500文字までです。")


def test_pages_that_are_not_https_are_said(connecting):
    connecting.file["public_url"] = "http://line.city.example"
    said(connecting, "✗ 住民の画面 http://line.city.example/mihon/liff は、https ではありません。")


def test_what_line_cannot_classify_is_told_in_its_words(connecting, serve):
    found = {"success": False, "reason": "UNCLASSIFIED", "statusCode": 0, "detail": "no idea"}
    told = {
        "/v2/bot/channel/webhook/endpoint": {"endpoint": connecting.webhook, "active": True},
        "/v2/bot/channel/webhook/test": {"timestamp": "2026-11-21T00:00:00Z", **found},
        "/v2/bot/message/quota": {"type": "none"},
        "/v2/bot/message/quota/consumption": {"totalUsage": 0},
    }
    connecting.file["platform"] = serve(telling(**told))
    said(connecting, "✗ LINEの試しが、失敗しました（UNCLASSIFIED）。", "LINEの説明：no idea")


def test_without_a_simulator_this_machine_s_http_is_no_address_either(connecting):
    connecting.file["platform"] = "https://api.line.example"
    case = walk.Case(walk.pick_city(connecting.write(), ""), connecting.data, None)
    assert case.is_safe("http://127.0.0.1/x")
    real = case.gateway.settings.line.model_copy(update={"platform": None})
    settings = case.gateway.settings.model_copy(update={"line": real})
    case = replace(case, gateway=case.gateway.model_copy(update={"settings": settings}))
    assert not case.is_safe("http://127.0.0.1/x")
    assert case.is_safe("https://line.city.example/x")


def test_a_webhook_that_is_not_set_or_elsewhere_is_found(connecting):
    connecting.set(webhookUrl="")
    said(connecting, "✗ LINEに、窓口のアドレスが入っていません。いまは空です。")
    connecting.set(webhookUrl="https://old.example/webhook")
    said(connecting, "いまは https://old.example/webhook です。")


def test_a_webhook_that_is_not_used_is_found(connecting):
    connecting.set(webhookActive=False)
    said(connecting, "✗ 『Webhookの利用』がオフです。")


def answering(status):
    async def answer(scope, receive, send):
        if status is None:
            await asyncio.Event().wait()
        headers = [(b"location", b"https://elsewhere.example/")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return answer


@pytest.fixture
def serve(connecting):
    """Serve an ASGI application beside the gateway; its address."""
    served = []

    def start(application):
        one = serving.serving(application)
        address = connecting.town.wait(one.__aenter__())
        served.append(one)
        return address

    yield start
    for one in served:
        connecting.town.wait(one.__aexit__(None, None, None))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (500, "✗ 窓口が、500と答えました。"),
        (404, "✗ アドレスの先に、窓口がありません（404）。"),
        (503, "✗ 窓口が閉じています（503）。"),
        (302, "✗ 別のアドレスへ送られました（302）。"),
    ],
)
def test_what_answers_in_the_gateway_s_place_is_told_apart(connecting, serve, status, line):
    connecting.webhook = serve(answering(status)) + "/mihon/webhook"
    connecting.set(webhookUrl=connecting.webhook)
    said(connecting, line)


def test_r3_a_webhook_that_is_too_slow_is_found(connecting, serve):
    connecting.webhook = serve(answering(None)) + "/mihon/webhook"
    connecting.set(webhookUrl=connecting.webhook, webhookTimeout=0.1)
    said(connecting, "✗ 窓口の返事が、2秒より遅れました。")


def test_a_webhook_that_nobody_listens_to_is_found(connecting):
    connecting.webhook = "http://127.0.0.1:9/mihon/webhook"
    connecting.set(webhookUrl=connecting.webhook)
    said(connecting, "✗ LINEから窓口へ、つながりません。")


def test_r1_a_door_that_runs_with_the_old_secret_is_found(connecting):
    connecting.town.channel.secret = "f" * 32
    connecting.environment("CONNECT_SECRET", "f" * 32)
    said(connecting, "✗ 署名が合いません。動いている窓口の秘密の値が古いです。")


# Residents' pages


def apps(connecting, *endpoints, **more):
    made = [LiffApp(LIFF_ID, endpoint, **more) for endpoint in endpoints]
    connecting.town.call(connecting.town.simulator.logins.set_apps, made)


def test_r57_an_endpoint_above_the_pages_is_found(connecting):
    base = connecting.town.pages_url
    apps(connecting, f"{base}/mihon")
    said(connecting, f"✗ 『エンドポイントURL』{base}/mihon が、窓口の画面より上です。")


def test_another_endpoint_a_missing_app_and_a_missing_scope_are_found(connecting):
    base = connecting.town.pages_url
    apps(connecting, f"{base}/kita/liff")
    said(connecting, f"✗ 『エンドポイントURL』が違います。いまは {base}/kita/liff です。")
    apps(connecting, f"{base}/mihon/liff", scopes=("profile",))
    said(connecting, "✗ 『Scope』に、openid がありません。")
    apps(connecting)
    said(connecting, f"✗ 『LIFF ID』{LIFF_ID} が、LINEにありません。")


def test_a_wrong_secret_of_the_login_channel_is_found(connecting):
    connecting.environment("CONNECT_LOGIN", "0" * 32)
    said(connecting, "✗ チャネル 2000000002 の『チャネルシークレット』が違います。")


def test_without_that_secret_somebody_has_to_look(connecting):
    connecting.file["login"] = ""
    code, output = connecting.check()
    assert code == 0
    where = f"{connecting.town.pages_url}/mihon/liff"
    assert f"『LIFF』の『エンドポイントURL』は {where} ですか。" in lines_of(output, Mark.LOOK)


def test_r57_pages_that_are_sent_elsewhere_or_are_not_there_are_found(connecting, serve):
    connecting.file["public_url"] = serve(answering(301))
    said(
        connecting,
        f"✗ {connecting.file['public_url']}/mihon/liff が、別のアドレスへ送ります（301）。",
    )
    connecting.file["public_url"] = serve(answering(404))
    said(connecting, "が、404と答えました。")
    connecting.file["public_url"] = "http://127.0.0.1:9"
    said(connecting, "✗ 住民の画面 http://127.0.0.1:9/mihon/liff が開きません。")


def test_a_city_without_pages_is_connected_too(connecting):
    connecting.file["liff"] = "[]"
    code, output = connecting.check()
    assert code == 0
    assert "△ 住民の画面は、まだつないでいません。" in output


def test_r50_a_login_channel_of_another_provider_is_found(connecting):
    logins = connecting.town.simulator.logins
    channel = logins.channels["2000000002"]
    connecting.town.call(logins.channels.update, {channel.id: replace(channel, provider="委託先")})
    TestResident(connecting.town).opens("/liff/")
    said(connecting, "✗ 画面を開いた人を、アカウントが知りません。", "『プロバイダー』が違います。")
    connecting.town.call(logins.channels.update, {channel.id: channel})
    TestResident(connecting.town).opens("/liff/")
    assert connecting.check()[0] == 0


def test_r50_until_somebody_opens_a_page_nobody_knows(make_town, tmp_path, monkeypatch):
    found = Connecting(make_town({"liff": {}}), tmp_path, monkeypatch)
    said(
        found,
        "✗ 『プロバイダー』が同じか、まだ分かりません。",
        f"https://liff.line.me/{LIFF_ID} を、そのLINEで開きます。",
        "✗ 前からの友だちを、まだ読みこんでいません。",
    )


# How many, and to whom


def test_a_limit_is_noted_and_one_that_is_used_up_is_wrong(connecting):
    connecting.set(quota=200)
    code, output = connecting.check()
    assert code == 0
    assert "△ 今月は、あと200通です（200通のうち）。" in output
    connecting.set(quota=0)
    said(connecting, "✗ 今月の0通を使い切りました。返事だけ送れます。")


def test_r49_an_unverified_account_is_noted_with_what_to_do(connecting):
    connecting.set(verified=False)
    connecting.read_friends()
    code, output = connecting.check()
    assert code == 0
    assert lines_of(output, Mark.NOTE)[0] == "このアカウントは未認証です。"
    assert followers.HOW_TO_VERIFY[1] in output


def test_a_gateway_that_never_ran_is_said(connecting, tmp_path):
    connecting.data = tmp_path / "empty"
    said(connecting, "✗ 窓口がまだ動いていません。")


# The account for drills

DRILL = """
[line.drill]
channel_id = "1000000009"
channel_secret = { env = "CONNECT_DRILL_SECRET" }
access_token = { env = "CONNECT_DRILL_TOKEN" }
"""


class Drilling:
    """The simulated LINE of the account for drills."""

    def __init__(self, connecting, simulator):
        self._town, self.simulator = connecting.town, simulator
        self.webhook = f"{connecting.town.pages_url}/mihon/drill/webhook"
        self.set(webhookUrl=self.webhook)

    def set(self, **settings):
        self._town.call(self.simulator.change_settings, settings)

    def befriend(self):
        return self._town.wait(self.simulator.add_resident("訓練の人"))


@pytest.fixture
def drilling(make_town, loop_thread, tmp_path, monkeypatch):
    """As `connecting`, with an account for drills that is right as well and has a friend."""
    channel = Channel(
        *("1000000009", "d" * 32, "drill-token"),
        bot_user_id=f"U{9:032}",
        basic_id="@kunren",
        display_name="見本市（訓練）",
    )
    simulator = loop_thread.call(partial(Simulator, channel, clock_file=tmp_path / "clock"))
    monkeypatch.setenv("CONNECT_DRILL_SECRET", channel.secret)
    monkeypatch.setenv("CONNECT_DRILL_TOKEN", channel.access_token)

    async def start():
        await stack.enter_async_context(simulator)
        return await stack.enter_async_context(serving.serving(simulator.app))

    stack = AsyncExitStack()
    address = loop_thread.run(start())
    table = tomllib.loads(DRILL)["line"]["drill"] | {"platform": address}
    found = connect_well(make_town({"liff": {}}, {"line": {"drill": table}}), tmp_path, monkeypatch)
    found.file["line"] = f'{DRILL}platform = "{address}"'
    found.drill = Drilling(found, simulator)
    yield found
    loop_thread.run(stack.aclose())
    loop_thread.call(simulator.close)


def test_without_an_account_for_drills_it_is_said_what_it_is_for(connecting):
    code, output = connecting.check()
    assert code == 0
    assert "△ 訓練用のアカウントは、まだありません。" in output
    assert "    その『チャネルID』などを、ファイルの『[line.drill]』に書きます。" in output


def test_a_good_account_for_drills_has_a_tick_at_every_step_too(drilling):
    drilling.drill.befriend()
    code, output = drilling.check()
    assert code == 0, output
    assert "✓ 訓練用：アカウントは「見本市（訓練）」（@kunren）です。住民用とは別です。" in output
    assert f"✓ 訓練用：窓口のアドレスは {drilling.drill.webhook} です。" in output
    assert "✓ 訓練用：LINEから窓口へ、とどきます。署名も合っています。" in output
    assert "✓ 訓練用：訓練を受け取る人は1人です。" in output
    assert len(lines_of(output, Mark.GOOD)) == len(walk.STEPS) + len(walk.DRILL) - 4
    assert lines_of(output, Mark.WRONG) == lines_of(output, Mark.NOTE) == []
    assert len(lines_of(output, Mark.LOOK)) == 4
    assert "訓練用のアカウントは、まだありません" not in output


@pytest.mark.parametrize(
    ("mistake", "line"),
    [
        (
            lambda drilling: drilling.environment("CONNECT_DRILL_SECRET", "0" * 32),
            "✗ 訓練用：『チャネルID』か『チャネルシークレット』が違います。",
        ),
        (
            lambda drilling: drilling.environment("CONNECT_DRILL_TOKEN", "nonsense"),
            "✗ 訓練用：『チャネルアクセストークン』が違うか、取り消されています。",
        ),
        (
            lambda drilling: drilling.drill.set(webhookUrl=""),
            "✗ 訓練用：LINEに、窓口のアドレスが入っていません。いまは空です。",
        ),
        (
            lambda drilling: drilling.drill.set(webhookUrl=drilling.webhook),
            "✗ 訓練用：LINEに、住民用のアドレスが入っています。いまは http://127.0.0.1:",
        ),
        (
            lambda drilling: drilling.drill.set(webhookActive=False),
            "✗ 訓練用：『Webhookの利用』がオフです。",
        ),
    ],
    ids=["secret", "token", "empty", "swapped", "unused"],
)
def test_a_mistake_with_the_account_for_drills_is_a_line_of_its_own(drilling, mistake, line):
    mistake(drilling)
    output = said(drilling, line)
    assert {text[:4] for text in lines_of(output, Mark.WRONG)} == {"訓練用："}, output


def test_the_address_for_drills_in_the_residents_account_is_found(drilling):
    drilling.set(webhookUrl=drilling.drill.webhook)
    said(
        drilling,
        f"✗ LINEに、訓練用のアドレスが入っています。いまは {drilling.drill.webhook} です。",
    )


def test_the_address_for_drills_has_to_be_https_too(drilling):
    drilling.file["public_url"] = "http://line.city.example"
    wanted = "http://line.city.example/mihon/drill/webhook"
    said(drilling, f"✗ 訓練用：{wanted} は、https ではありません。")


def test_an_account_for_drills_that_is_the_residents_own_is_found_and_not_set(drilling):
    drilling.drill.simulator.channel.basic_id = drilling.town.channel.basic_id
    drilling.drill.set(webhookUrl="")
    output = said(
        drilling,
        "✗ 訓練用：住民用と同じアカウント（@simulator）です。訓練が、住民にとどきます。",
    )
    assert "訓練用：LINEに" not in output


def test_as_long_as_the_residents_account_is_not_known_it_is_not_called_another(drilling):
    drilling.environment("CONNECT_TOKEN", "nonsense")
    said(drilling, "✗ 訓練用：住民用と別のアカウントか、まだ分かりません。")


def test_a_channel_that_another_city_has_for_its_drills_is_found(drilling):
    drilling.write("kita")
    output = said(drilling, "✗ 訓練用：kita.toml にも、同じ『チャネルID』があります。")
    assert "✗ kita.toml にも、同じ『チャネルID』があります。" in output


def test_a_gateway_that_runs_without_its_drills_is_found(drilling):
    drilling.town._city = {}
    drilling.town.stop_worker()
    drilling.town.start_worker()
    said(
        drilling,
        "✗ 訓練用：アドレスの先に、窓口がありません（404）。",
        "アドレスの終わりが『/mihon/drill/webhook』か、確かめます。",
        "間のサーバーが、8000番へ渡しているか、確かめます。",
    )


def test_a_drill_that_reaches_nobody_is_noted(drilling):
    code, output = drilling.check()
    assert code == 0
    assert lines_of(output, Mark.NOTE) == ["訓練用：訓練を受け取る人が、まだいません。"]


def test_a_walk_sets_both_webhooks_each_at_its_own_account(drilling):
    drilling.drill.befriend()
    drilling.set(webhookUrl=drilling.drill.webhook)
    drilling.drill.set(webhookUrl=drilling.webhook)
    done = drilling.run(typed="y\n" * 6)
    assert done.exit_code == 0, done.output
    assert drilling.town.channel.webhook_url == drilling.webhook
    assert drilling.drill.simulator.channel.webhook_url == drilling.drill.webhook


def test_the_residents_channel_again_in_the_file_is_refused_before_anything(connecting):
    connecting.file["line"] = DRILL.replace("1000000009", connecting.town.channel.id)
    connecting.environment("CONNECT_DRILL_SECRET", "d" * 32)
    connecting.environment("CONNECT_DRILL_TOKEN", "drill-token")
    done = connecting.run("--check")
    assert done.exit_code == 1
    assert "a drill needs a channel of its own" in done.output


# With somebody who presses buttons


def test_r50_without_the_city_s_name_typed_nothing_is_changed(make_town, tmp_path, monkeypatch):
    found = Connecting(make_town({"liff": {}}), tmp_path, monkeypatch)
    found.set(webhookUrl="")
    done = found.run(typed="はい\n")
    assert done.exit_code == 1
    assert "『プロバイダー』は、あとから変えられません。" in done.output
    assert "やめました。何も変えていません。" in done.output
    assert found.town.channel.webhook_url == ""


def test_a_walk_sets_the_webhook_and_reads_the_friends(make_town, tmp_path, monkeypatch):
    found = Connecting(make_town({"liff": {}}), tmp_path, monkeypatch)
    found.set(webhookUrl="")
    add = found.town.simulator.add_resident
    found.town.wait(add("前からの友だち", follow="before"))
    typed = ["見本市", "y", "y", "y", "s", "y"]  # provider, webhook, two to look at, later, friends
    done = found.run(typed="\n".join(typed) + "\n")
    assert done.exit_code == 1, done.output
    assert "✓ LINEに、窓口のアドレスが入っています。" in done.output
    assert found.town.channel.webhook_url == found.webhook
    assert "✓ 前からの友だちを読みこみました。" in done.output
    assert "一覧の1人を読みました。はじめての人は1人、もどった人は0人です。" in done.output
    assert "まだ1件あります。" in done.output
    TestResident(found.town).opens("/liff/")
    again = found.run(typed="y\ny\n")
    assert again.exit_code == 0, again.output
    assert "あとから変えられません" not in again.output


def test_a_no_to_what_nobody_can_ask_is_a_no(connecting):
    done = connecting.run(typed="y\nn\n")
    assert done.exit_code == 1
    assert "まだ1件あります。" in done.output


def test_what_was_mended_meanwhile_is_looked_at_again(connecting):
    connecting.faults({"endpoint": "quota", "share": 1, "status": 500, "times": 1})
    done = connecting.run(typed="y\ny\n\n")
    assert done.exit_code == 0, done.output
    assert "✗ LINEから返事がありません。" in done.output
