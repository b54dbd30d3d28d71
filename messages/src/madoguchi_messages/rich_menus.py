"""LINE's limits of rich menus: the menu object, and which pictures it may have (R37, R45)."""

from collections.abc import Iterator, Mapping

from madoguchi_messages import actions
from madoguchi_messages.rules import (
    MISSING,
    Flag,
    List,
    Object,
    Problem,
    integer,
    label,
    unsound,
)

MAX_AREAS = 20
MAX_IMAGE_BYTES = 1024 * 1024
_LEAST_RATIO = 1.45
_SIDES = {"width": integer(800, 2500), "height": integer(250)}


def find_rich_menu_problems(menu: object) -> tuple[Problem, ...]:
    """All reasons for which LINE would refuse to create this rich menu; empty if it would not.

    Takes anything that may stand in a request's body, and never raises. That an area reaches
    beyond the edge is none: LINE's own examples do so.
    """
    if reason := unsound(menu):
        return (Problem("", "must be JSON", reason),)
    return tuple(
        Problem(one.property.removeprefix("."), one.message, one.advice)
        for one in _MENU.find(menu, "")
    )


def find_rich_menu_image_problems(width: int, height: int, size: int) -> tuple[Problem, ...]:
    """Why LINE would refuse a picture of so many pixels and bytes as a rich menu's image."""
    problems = [*Object(_SIDES, also=(_is_wide,)).find({"width": width, "height": height}, "image")]
    if size > MAX_IMAGE_BYTES:
        advice = f"it has {size} bytes: save it as JPEG, or with fewer colours"
        problems.append(Problem("image", "must be 1 MB or less", advice))
    return tuple(problems)


def _is_wide(size: Mapping, at: str) -> Iterator[Problem]:
    if size["width"] / size["height"] < _LEAST_RATIO:
        advice = f"of {size['width']} px of width at most {int(size['width'] / 1.45)} px of height"
        yield Problem(at, "width / height must be 1.45 or more", advice)


_BOUNDS = Object({"x": integer(0), "y": integer(0), "width": integer(1), "height": integer(1)})
_MENU = Object(
    {
        "size": Object(_SIDES, also=(_is_wide,)),
        "selected": Flag(),
        "name": label(300),
        "chatBarText": label(14),
        "areas": List(Object({"bounds": _BOUNDS, "action": actions.RICH_MENU}), most=MAX_AREAS),
    },
    absent=MISSING,
)
