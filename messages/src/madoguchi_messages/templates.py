"""Template messages and imagemaps: buttons, confirm, carousel, image carousel (R37 to R39)."""

from collections.abc import Callable, Iterator, Mapping

from madoguchi_messages import actions
from madoguchi_messages.lengths import grapheme_length
from madoguchi_messages.rules import (
    HTTPS,
    LINK,
    Condition,
    List,
    Object,
    OneOf,
    Problem,
    Text,
    Variant,
    integer,
    label,
)


def _text_beside_picture(template: Mapping, at: str) -> Iterator[Problem]:
    """With an image or a title 60 grapheme clusters of text are left (R39)."""
    if "thumbnailImageUrl" in template or "title" in template:
        for problem in Text(60, count=grapheme_length).find(template["text"], f"{at}.text"):
            advice = f"{problem.advice} (60 beside a title or an image)"
            yield Problem(problem.property, problem.message, advice)


def _same(what: str, of: Callable[[Mapping], object], advice: str) -> Condition:
    """A condition: `of` gives the same for all columns of a carousel (R39)."""

    def condition(template: Mapping, at: str) -> Iterator[Problem]:
        first, *others = template["columns"]
        for index, column in enumerate(others, 1):
            if of(column) != of(first):
                message = f"{what} must be the same in all columns"
                yield Problem(f"{at}.columns[{index}]", message, advice)

    return condition


_PICTURE = {
    "imageAspectRatio": OneOf(("rectangle", "square")),
    "imageSize": OneOf(("cover", "contain")),
}
_HEAD = {
    "thumbnailImageUrl": HTTPS,
    "imageBackgroundColor": Text(),
    "title": label(40),
    "defaultAction": actions.TEMPLATE,
}

_COLUMN = Object(
    {"text": label(120), "actions": List(actions.TEMPLATE, 1, 3)}, _HEAD, (_text_beside_picture,)
)

TEMPLATES = Variant(
    {
        "buttons": Object(
            {"text": label(160), "actions": List(actions.TEMPLATE, 1, 4)},
            _HEAD | _PICTURE,
            (_text_beside_picture,),
        ),
        "confirm": Object({"text": label(240), "actions": List(actions.TEMPLATE, 2, 2)}),
        "carousel": Object(
            {"columns": List(_COLUMN, 1, 10)},
            _PICTURE,
            (
                _same(
                    "the number of actions",
                    lambda column: len(column["actions"]),
                    "give every column as many actions as the first",
                ),
                _same(
                    "the presence of image and title",
                    lambda column: ("thumbnailImageUrl" in column, "title" in column),
                    "give every column an image and a title, or none",
                ),
            ),
        ),
        "image_carousel": Object(
            {"columns": List(Object({"imageUrl": HTTPS, "action": actions.IMAGE_CAROUSEL}), 1, 10)}
        ),
    }
)

_AREA = Object({"x": integer(0), "y": integer(0), "width": integer(1), "height": integer(1)})
_SPOKEN = {"label": Text(100)}

IMAGEMAP = Object(
    {
        "baseUrl": HTTPS,
        "altText": Text(1500),
        "baseSize": Object({"width": integer(1040, 1040), "height": integer(1)}),
        "actions": List(
            Variant(
                {
                    "message": Object({"text": Text(400), "area": _AREA}, _SPOKEN),
                    "uri": Object({"linkUri": LINK, "area": _AREA}, _SPOKEN),
                    "clipboard": Object({"clipboardText": Text(1000), "area": _AREA}, _SPOKEN),
                }
            ),
            1,
            50,
        ),
    },
    {
        "video": Object(
            {"originalContentUrl": HTTPS, "previewImageUrl": HTTPS, "area": _AREA},
            {"externalLink": Object({"linkUri": LINK, "label": Text(30)})},
        )
    },
)
