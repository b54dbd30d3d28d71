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
    line = case.gateway.settings.line.model_copy(update={"access_token": None})
    return client_of(line, Clock())


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
                *_look_at(case.gateway.settings.line.channel_secret),
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
    own = case.gateway.settings.line
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
    """Who the account is (R16), and that no other city's file names the same one."""
    info = await case.line.bot_info()
    own = case.gateway
    for file in sorted(own.file.parent.glob("*.toml")):
        other = tomllib.loads(file.read_text("utf-8")).get("line", {})
        if file != own.file and other.get("channel_id") == own.settings.line.channel_id:
            return wrong(
                f"{file.name} にも、同じ『チャネルID』があります。",
                "1つのアカウントは、1つの窓口だけにつなげます。",
            )
    return good(f"アカウントは「{info.display_name}」（{info.basic_id}）です。")


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
    return Finding(
        Mark.LOOK,
        "『あいさつメッセージ』と『応答メッセージ』はオフですか。",
        (
            MANAGER,
            "両方をオフにします。窓口が、かわりに答えます。",
            "自分のLINEで「あ」と送り、返事が2つなら、まだオンです。",
        ),
    )
