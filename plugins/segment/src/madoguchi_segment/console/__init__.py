"""The pages of staff: 配信, 送る相手, 公用端末 and who approves.

* `visiting` who is here and what they see · `listing` the list, and what waits
* `writing` the form, in parts: `composing` messages, `picking` 送る相手, `timing` いつ, `images`
* `situations` what there is to know of a delivery · `showing` it · `deciding` what people do
* `audience_pages`, `office_pages`, `sheet_pages` · `styles`
"""

from typing import Any

from madoguchi import OpenPage
from madoguchi_console import ConsolePage
from madoguchi_segment.console import (
    audience_pages,
    deciding,
    following,
    images,
    listing,
    office_pages,
    sheet_pages,
    showing,
    styles,
    writing,
)
from madoguchi_segment.console.visiting import AUDIENCE, EXPORT, SEES
from madoguchi_segment.deliveries.drafts import WRITE

POST = ("POST",)


def build_pages() -> list[Any]:
    """All of them."""
    return [
        ConsolePage("/deliveries", listing.show, SEES, menu="配信", queue=listing.find_waiting),
        ConsolePage("/deliveries/new", writing.show_new, WRITE),
        ConsolePage("/deliveries/new", writing.take, WRITE, POST),
        ConsolePage("/deliveries/{number:int}", showing.show, SEES),
        ConsolePage("/deliveries/{number:int}", deciding.decide, SEES, POST),
        ConsolePage("/deliveries/{number:int}/edit", writing.show_edit, WRITE),
        ConsolePage("/deliveries/{number:int}/edit", writing.take, WRITE, POST),
        ConsolePage("/deliveries/{number:int}/paper", showing.show_paper, SEES),
        ConsolePage("/count", writing.count, f"{WRITE}|{AUDIENCE}", POST),
        ConsolePage("/audiences", audience_pages.show_all, AUDIENCE, menu="保存した相手"),
        ConsolePage("/audiences/new", audience_pages.show, AUDIENCE),
        ConsolePage("/audiences/new", audience_pages.take, AUDIENCE, POST),
        ConsolePage("/audiences/{number:int}", audience_pages.show, AUDIENCE),
        ConsolePage("/audiences/{number:int}", audience_pages.take, AUDIENCE, POST),
        ConsolePage("/office", office_pages.show, SEES, menu="承認と公用端末"),
        ConsolePage("/office", office_pages.take, SEES, POST),
        ConsolePage("/answers", sheet_pages.show, EXPORT, menu="受け取り設定のファイル"),
        ConsolePage("/answers", sheet_pages.take, EXPORT, POST),
        OpenPage("/go/{token}", following.follow),
        OpenPage("/styles.css", styles.show),
        OpenPage("/image/{name}.jpg", images.show),
    ]
