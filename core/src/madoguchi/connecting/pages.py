# nosay
"""Residents' pages open inside LINE, and LINE says there who it is."""

import aiohttp

from madoguchi import residents
from madoguchi.answers import Outcome
from madoguchi.clock import Clock
from madoguchi.connecting.finding import NEVER_RAN, Case, Finding, Mark, good, look_up, wrong
from madoguchi.line import Credentials, LineClient, Platform
from madoguchi.management import LiffApp, LineError

TIMEOUT = aiohttp.ClientTimeout(total=10)
LOGIN = "LINE Developers →『LINEログイン』のチャネル →『LIFF』を開きます。"


async def check_pages(case: Case) -> Finding:
    """The first page answers, without sending anybody elsewhere (R57)."""
    if not case.gateway.settings.line.liff:
        return Finding(
            Mark.NOTE,
            "住民の画面は、まだつないでいません。",
            (LOGIN, "『LIFF ID』を、ファイルの『liff』に書きます。"),
        )
    url = case.pages_url
    if not case.is_safe(url):
        return wrong(
            f"住民の画面 {url} は、https ではありません。",
            "public_url を、https のアドレスにします。",
        )
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return wrong(
            f"住民の画面 {url} が開きません。",
            "「./run serve」が動いているか、確かめます。",
            "間のサーバーが、8000番へ渡しているか、確かめます。",
        )
    if 300 <= status < 400:
        return wrong(
            f"{url} が、別のアドレスへ送ります（{status}）。",
            "間のサーバーで、転送をやめます。",
        )
    if status != 200:
        return wrong(
            f"住民の画面 {url} が、{status}と答えました。",
            "ファイルに『[plugins.liff]』があるか、確かめます。",
            "「./run madoguchi check」で、まちがいを確かめます。",
        )
    return good(f"住民の画面 {url} が開きます。")


async def check_app(case: Case) -> Finding:
    """LINE opens the pages at that address."""
    line, wanted = case.gateway.settings.line, case.pages_url
    if not line.liff:
        return Finding(Mark.NOTE, "『LIFF』のアプリは、まだ登録していません。")
    press = (LOGIN, f"『エンドポイントURL』を {wanted} にします。")
    if not line.login_secret:
        return Finding(Mark.LOOK, f"『LIFF』の『エンドポイントURL』は {wanted} ですか。", press)
    channel = line.liff[0].partition("-")[0]
    credentials = Credentials(channel_id=channel, channel_secret=line.login_secret)
    async with LineClient(Platform.at(line.platform), credentials, Clock()) as client:
        try:
            apps = {app.id: app for app in await client.liff_apps()}
        except LineError as error:
            if error.answer.outcome is Outcome.UNAUTHORIZED:
                return wrong(
                    f"チャネル {channel} の『チャネルシークレット』が違います。",
                    "『LINEログイン』の『チャネル基本設定』から、写し直します。",
                )
            if error.answer.status != 404:
                raise
            apps = {}
    for liff_id in (one for one in line.liff if one.startswith(f"{channel}-")):
        if trouble := _find_trouble(apps.get(liff_id), liff_id, wanted):
            return wrong(trouble, *press)
    return good(f"『エンドポイントURL』は {wanted} です。")


def _find_trouble(app: LiffApp | None, liff_id: str, wanted: str) -> str | None:
    if app is None:
        return f"『LIFF ID』{liff_id} が、LINEにありません。"
    url = app.url.partition("?")[0]
    if url != wanted and wanted.startswith(url.rstrip("/") + "/"):
        return f"『エンドポイントURL』{url} が、窓口の画面より上です。"
    if url != wanted:
        return f"『エンドポイントURL』が違います。いまは {url} です。"
    if "openid" not in app.scopes:
        return "『Scope』に、openid がありません。"
    return None


async def check_provider(case: Case) -> Finding:
    """Who opened a page is known to the account: both channels have one provider (R50)."""
    liff = case.gateway.settings.line.liff
    if not liff:
        return Finding(Mark.NOTE, "『プロバイダー』は、画面をつないだあとに確かめます。")
    found = await look_up(case, residents.last_visitor)
    if found is None:
        return NEVER_RAN
    visitor = found[0]
    again = f"https://liff.line.me/{liff[0]} を、そのLINEで開きます。"
    if visitor is None:
        return wrong(
            "『プロバイダー』が同じか、まだ分かりません。",
            "自分のLINEで、このアカウントを友だちに追加します。",
            again,
        )
    if await case.line.profile(visitor) is None:
        return wrong(
            "画面を開いた人を、アカウントが知りません。",
            "友だちでなければ、友だちに追加します。",
            again,
            "それでも同じなら、2つのチャネルの『プロバイダー』が違います。",
            "チャネルは、別の『プロバイダー』へ移せません。",
            "同じ『プロバイダー』に、『LINEログイン』を作り直します。",
        )
    return good("2つのチャネルの『プロバイダー』は同じです。")
