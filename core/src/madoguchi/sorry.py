"""The page for when nothing else can be shown: in every language, with the city's telephone.

Nobody knows who meets it, and the gateway may be down: it needs no session, no file, no database.
"""

import base64
import hashlib
from functools import cache
from urllib.parse import urlsplit

from markupsafe import escape
from starlette.responses import HTMLResponse, Response

from madoguchi.languages import LANGUAGES, Languages, html_language
from madoguchi.types import City

STYLE = (
    "html{font:1.125rem/1.75 -apple-system,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP',"
    "Meiryo,sans-serif;color:#1a1a1a;background:#fff;overflow-wrap:anywhere;word-break:auto-phrase;"
    "-webkit-text-size-adjust:100%}"
    "body{margin:0}main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem}"
    "h1{font-size:1.5rem;line-height:1.5;margin:0 0 .5rem}h2{font-size:1.125rem;margin:0 0 .25rem}"
    "p{margin:0}section{padding:1rem 0;border-bottom:1px solid #b3b3b3}"
    "section:first-child{padding-top:0}.easy{line-height:2.2}rt{font-size:.55em}"
    ".call{padding:1rem 0}.call a{display:inline-flex;align-items:center;min-height:44px;"
    "font-size:1.25rem;font-weight:700;color:#0017c1}"
    "a:focus-visible{outline:4px solid #000;outline-offset:2px}"
)
"""It stands in the page, which the content policy allows by its hash."""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def sorry(status: int, city: City | None = None, languages: Languages | None = None) -> Response:
    """What a status of HTTP means for a resident, and what to do now.

    `city` is None where nobody knows which it is; `languages` are then the core's own.
    """
    texts = languages or _own()
    title, words = _explain(status)
    told = [_section(texts, language, title, words, city) for language in LANGUAGES]
    html = (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(told)}{_telephone(city)}</main></body></html>"
    )
    headers = {"content-security-policy": _policy(city), "cache-control": "no-store"}
    return HTMLResponse(html, status, headers)


def _explain(status: int) -> tuple[str, str]:
    if status in (404, 405):
        return "ページが見つかりません", "このページは、もうないか、アドレスがちがいます。"
    if status == 503:
        return "ただいま準備中です", "しばらくしてから、もう一度お試しください。"
    if status < 500:
        return "受け付けられませんでした", "LINEのトークから、もう一度開いてください。"
    return "うまく表示できませんでした", "少し待ってから、もう一度お試しください。"


def _section(texts: Languages, language: str, title: str, words: str, city: City | None) -> str:
    say = texts.html
    level = "h1" if language == "ja" else "h2"
    told = [words, "お困りのときは、お電話ください。"] if city else [words]
    mark = ' class="easy"' if language == "ja-easy" else ""
    return (
        f'<section lang="{html_language(language)}"{mark}>'
        f"<{level}>{say(title, language)}</{level}>"
        f"{''.join(f'<p>{say(each, language)}</p>' for each in told)}</section>"
    )


def _telephone(city: City | None) -> str:
    if city is None:
        return ""
    number = escape(city.phone)
    return (
        f'<p class="call">{escape(city.label)}<br><a href="tel:{number.replace("-", "")}">{number}'
        f"</a><br>{escape(city.hours)}</p>"
    )


def _policy(city: City | None) -> str:
    """Nothing but the style; only the simulator may frame it, as it does all residents' pages."""
    parts = urlsplit(city.platform) if city and city.platform else None
    frames = f"{parts.scheme}://{parts.netloc}" if parts else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {frames}"
    )


@cache
def _own() -> Languages:
    return Languages()
