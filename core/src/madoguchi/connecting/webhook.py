# nosay
"""LINE finds the gateway: the address of its webhooks, set, used, tested (R15)."""

from functools import partial

from madoguchi.connecting.account import MESSAGING
from madoguchi.connecting.finding import Case, Finding, Mark, Repair, good, wrong
from madoguchi.management import WebhookTest

MOST = 500
"""Characters of an address (R15)."""


async def check_address(case: Case) -> Finding:
    """There is an address, and LINE may call it."""
    url = case.webhook_url
    if url is None:
        return wrong(
            "窓口のアドレス（public_url）が、ファイルにありません。",
            'public_url = "https://line.city.example" のように書きます。',
        )
    if not case.is_safe(url):
        return wrong(
            f"{url} は、https ではありません。",
            "証明書のある https のアドレスにして、public_url を直します。",
        )
    if len(url) > MOST:
        return wrong(f"アドレスが長すぎます。{MOST}文字までです。", "public_url を短くします。")
    return good(f"窓口のアドレスは {url} です。")


async def check_set(case: Case) -> Finding:
    """LINE sends webhooks to this address."""
    wanted, found = case.webhook_url or "", await case.line.webhook()
    if found is not None and found.url == wanted:
        return good("LINEに、窓口のアドレスが入っています。")
    now = f"いまは {found.url} です。" if found is not None and found.url else "いまは空です。"
    text = "LINEに、窓口のアドレスが入っていません。"
    if found is not None and found.url.endswith(case.paths[1]):
        text = f"LINEに、{'住民用' if case.drill else '訓練用'}のアドレスが入っています。"
    return wrong(
        f"{text}{now}",
        MESSAGING,
        f"『Webhook URL』に {wanted} を入れて、『更新』を押します。",
        repair=Repair("いま、入れますか", partial(case.line.set_webhook, wanted)),
    )


async def check_used(case: Case) -> Finding:
    """LINE sends at all."""
    found = await case.line.webhook()
    if found is not None and found.active:
        return good("『Webhookの利用』はオンです。")
    return wrong("『Webhookの利用』がオフです。", MESSAGING, "『Webhookの利用』をオンにします。")


async def check_test(case: Case) -> Finding:
    """What LINE sends arrives, and its signature fits the secret that the gateway runs with."""
    tested = await case.line.test_webhook(case.webhook_url or "")
    if tested.success:
        return good("LINEから窓口へ、とどきます。署名も合っています。")
    return wrong(*_explain(case, tested))


def _explain(case: Case, tested: WebhookTest) -> tuple[str, ...]:
    match tested.reason, tested.status:
        case "COULD_NOT_CONNECT", _:
            return (
                "LINEから窓口へ、つながりません。",
                "名前（DNS）、証明書、443番の口を確かめます。",
                "発信元の制限があれば、はずします。LINEの発信元は、公開されていません。",
            )
        case "REQUEST_TIMEOUT", _:
            return (
                "窓口の返事が、2秒より遅れました。",
                "「./run serve」が動いているか、確かめます。",
                "間にある機器が止めていないか、確かめます。",
            )
        case _, 401:
            return (
                "署名が合いません。動いている窓口の秘密の値が古いです。",
                "「./run serve」を、新しい値で始め直します。",
            )
        case _, 404:
            return (
                "アドレスの先に、窓口がありません（404）。",
                f"アドレスの終わりが『{case.paths[0]}』か、確かめます。",
                f"間のサーバーが、{8000 if case.drill else 8001}番へ渡しているか、確かめます。",
                "ファイルを直したあとなら、「./run serve」を始め直します。",
            )
        case _, 301 | 302 | 303 | 307 | 308:
            return (
                f"別のアドレスへ送られました（{tested.status}）。LINEは、たどりません。",
                "間のサーバーで、転送をやめます。",
            )
        case _, 502 | 503 | 504:
            return (
                f"窓口が閉じています（{tested.status}）。",
                "「./run madoguchi check」で、まちがいを確かめます。",
                "「./run serve」が動いているか、確かめます。",
            )
        case _, status if status:
            return (
                f"窓口が、{status}と答えました。",
                "「./run serve」の記録に、理由があります。",
            )
    return (
        f"LINEの試しが、失敗しました（{tested.reason}）。",
        f"LINEの説明：{tested.detail}",
    )


async def check_redelivery(case: Case) -> Finding:
    """Whether LINE repeats what did not arrive: no call tells (R8)."""
    why = (
        "止まっている間の友だち追加も、あとでとどきます。"
        if case.drill
        else "同じ話に2度は答えません。"
    )
    return Finding(
        Mark.LOOK,
        "『Webhookの再送』はオンですか。",
        (MESSAGING, f"『Webhookの再送』をオンにします。{why}"),
    )
