# nosay
"""Whose account it is: the channel, its secret, its token, and what its manager is set to."""

import re
import tomllib

from madoguchi.answers import Outcome
from madoguchi.clock import Clock
from madoguchi.connecting.finding import Case, Finding, Mark, good, wrong
from madoguchi.line import LineClient, client_of
from madoguchi.management import LineError

SECRET = re.compile("[0-9a-f]{32}")
BASICS = "LINE Developers →『チャネル基本設定』を開きます。"
MESSAGING = "LINE Developers →『Messaging API設定』を開きます。"
MANAGER = "LINE公式アカウントの管理画面 →『設定』→『応答設定』を開きます。"


def keyless(case: Case) -> LineClient:
    """A client with the channel's id and secret alone."""
    return client_of(case.channel.model_copy(update={"access_token": None}), Clock())


async def check_secret(case: Case) -> Finding:
    """The id and the secret belong together: LINE gives a token for them (R52)."""
    async with keyless(case) as line:
        try:
            await line.bot_info()
        except LineError as error:
            if error.answer.outcome is not Outcome.UNAUTHORIZED:
                raise
            if "token" not in error.endpoint:
                return wrong(
                    "『チャネルID』は、Messaging APIのものではありません。",
                    "LINE Developersで『Messaging API』のチャネルを選びます。",
                    "その『チャネルID』と『チャネルシークレット』を写します。",
                )
            return wrong(
                "『チャネルID』か『チャネルシークレット』が違います。",
                *_look_at(case.channel.channel_secret),
                BASICS,
                "2つとも、同じチャネルから写してください。",
            )
    return good("『チャネルID』と『チャネルシークレット』は正しいです。")


def _look_at(secret: str) -> tuple[str, ...]:
    """What is odd about the secret itself."""
    if SECRET.fullmatch(secret):
        return ()
    return (f"いまの値は{len(secret)}文字です。正しくは、0〜9とa〜fの32文字です。",)


async def check_token(case: Case) -> Finding:
    """The channel access token is valid and of this channel."""
    own = case.channel
    if not own.access_token:
        return good("『チャネルアクセストークン』は、自動で作り直します。")
    press = (
        "ファイルの access_token の行を消すと、自動で作り直します。",
        "残すなら、『Messaging API設定』の一番下で再発行します。",
    )
    try:
        owner = await case.line.owner_of(own.access_token)
        if owner == own.channel_id:
            await case.line.bot_info()
    except LineError as error:
        if error.answer.outcome not in (Outcome.UNAUTHORIZED, Outcome.REFUSED):
            raise
        return wrong("『チャネルアクセストークン』が違うか、取り消されています。", *press)
    if owner != own.channel_id:
        return wrong(f"『チャネルアクセストークン』は、別のチャネル（{owner}）のものです。", *press)
    return good("『チャネルアクセストークン』が使えます。")


async def check_account(case: Case) -> Finding:
    """Who the account is (R16); no other city's file names it, and drills have one of their own."""
    info = await case.line.bot_info()
    if other := _find_file_with(case):
        return wrong(
            f"{other} にも、同じ『チャネルID』があります。",
            "1つのアカウントは、1つの窓口だけにつなげます。",
        )
    name = f"アカウントは「{info.display_name}」（{info.basic_id}）です。"
    if case.live is None:
        return good(name)
    try:
        live = await case.live.bot_info()
    except LineError:
        return wrong("住民用と別のアカウントか、まだ分かりません。", "先に、住民用の行を直します。")
    if live.user_id == info.user_id or live.basic_id == info.basic_id:
        return wrong(
            f"住民用と同じアカウント（{info.basic_id}）です。訓練が、住民にとどきます。",
            "訓練用に、LINE公式アカウントをもう1つ作ります。",
            "その『Messaging API』のチャネルを、『[line.drill]』に書きます。",
        )
    return good(f"{name}住民用とは別です。")


def _find_file_with(case: Case) -> str | None:
    """Another city's file that names this channel, for residents or for drills."""
    for file in sorted(set(case.gateway.file.parent.glob("*.toml")) - {case.gateway.file}):
        try:
            line = tomllib.loads(file.read_text("utf-8"))["line"]
            ids = {line.get("channel_id"), line.get("drill", {}).get("channel_id")}
        except (ValueError, KeyError, AttributeError):
            continue  # it has a mistake of its own
        if case.channel.channel_id in ids:
            return file.name
    return None


async def check_chat(case: Case) -> Finding:
    """Whether staff answer by hand in LINE's manager as well."""
    if not (await case.line.bot_info()).can_chat:
        return good("『チャット』はオフです。")
    return Finding(
        Mark.NOTE,
        "『チャット』がオンです。手で送る返事と、窓口の返事がまざります。",
        (MANAGER, "手で返事をしないなら、『チャット』をオフにします。"),
    )


async def check_manager(case: Case) -> Finding:
    """Greeting and automatic answers of the manager: no call tells."""
    why = (
        (
            "両方をオフにします。とどくものを、訓練だけにします。",
            "自分のLINEで「あ」と送り、返事があれば、まだオンです。",
        )
        if case.drill
        else (
            "両方をオフにします。窓口が、かわりに答えます。",
            "自分のLINEで「あ」と送り、返事が2つなら、まだオンです。",
        )
    )
    text = "『あいさつメッセージ』と『応答メッセージ』はオフですか。"
    return Finding(Mark.LOOK, text, (MANAGER, *why))
