"""The pages of staff: 配信, 送る相手, 公用端末 and who approves.

* `visiting` who is here and what they see · `listing` the list, and what waits
* `writing` the form, in parts: `composing` messages, `picking` 送る相手, `timing` いつ, `images`
* `situations` what there is to know of a delivery · `showing` it · `deciding` what people do
"""

from typing import Any

from madoguchi import OpenPage
from madoguchi_console import ConsolePage
from madoguchi_segment.console import deciding, images, listing, showing, styles, writing
from madoguchi_segment.console.visiting import SEES
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
        ConsolePage("/count", writing.count, WRITE, POST),
        OpenPage("/styles.css", styles.show),
        OpenPage("/image/{name}.jpg", images.show),
    ]
