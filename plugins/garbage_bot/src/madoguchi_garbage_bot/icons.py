"""Small pictures of the categories as inline SVG, told apart by their shape and not by colour.

They are drawn in the colour of the text around them, so that print and high contrast work.
"""

from markupsafe import Markup

_SHAPES = {
    "burn": '<path d="M12 2c1 4 6 6 6 12a6 6 0 0 1-12 0c0-3 2-4 2-7 2 1 3 2 3 4 1-2 2-5 1-9z"/>',
    "unburn": '<path d="M6 8h12l-1.5 13h-9z"/><path d="M4 8h16M9 8V5h6v3M10 12v5M14 12v5"/>',
    "plastic": (
        '<path d="M5 9h14l1.5 12h-17z"/><path d="M8 12V6a2 2 0 0 1 4 0M16 12V6a2 2 0 0 0-4 0"/>'
    ),
    "bottle": (
        '<path d="M7 2h4v4l2 3v11a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V9l2-3z"/>'
        '<path d="M5 13h8M15 12h5v9h-5zM15 14h5"/>'
    ),
    "pet": (
        '<path d="M10 2h4v3l3 4v3l-1 1 1 1v6a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2v-6l1-1-1-1V9l3-4z"/>'
        '<path d="M7 9h10M9.5 17h5"/>'
    ),
    "paper": '<path d="M4 7l8-4 8 4v10l-8 4-8-4z"/><path d="M4 7l8 4 8-4M12 11v10M8 5l8 4"/>',
    "large": (
        '<path d="M5 12V7a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v5"/>'
        '<path d="M3 11a2 2 0 0 1 3 1v2h12v-2a2 2 0 0 1 3-1v7H3zM5 18v3M19 18v3"/>'
    ),
    "hazard": '<path d="M12 3l10 18H2z"/><path d="M12 9v6M12 17.5v1"/>',
    "refused": '<circle cx="12" cy="12" r="9"/><path d="M5.6 5.6l12.8 12.8"/>',
    "none": '<path d="M5 8h14l-1.5 13h-11zM3 8h18M9 8V4h6v4"/>',
}


def draw(style: str) -> str:
    """The picture of a style of `description.csv`; one that is not known is a plain bin."""
    shape = _SHAPES.get(style, _SHAPES["none"])
    return Markup(
        '<svg class="garbage-icon" viewBox="0 0 24 24" width="24" height="24" fill="none"'
        ' stroke="currentColor" stroke-width="1.8" stroke-linejoin="round"'
        f' stroke-linecap="round" aria-hidden="true" focusable="false">{shape}</svg>'
    )
