"""Line icons as SVG paths: an emoji shows nothing where no emoji font is installed."""

from madoguchi_messages.html import element

_PATHS = {
    "smile": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 10v.5M15.5 10v.5M8 14.5c2 2.5 6 2.5 8 0",
    "picture": "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9v.5",
    "film": "M3 6h12v12H3zM15 10.5l6-3.5v10l-6-3.5",
    "sound": "M9 18V6l10-2v12M9 18a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0"
    "M19 16a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0",
    "page": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "pin": "M12 21c5-5.5 7-8.5 7-11.5a7 7 0 0 0-14 0c0 3 2 6 7 11.5"
    "M12 7.5a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4",
    "ticket": "M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3zM14 7v10",
    "camera": "M4 7h4l1.5-2h5L16 7h4v12H4zM12 9.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
}


def icon(name: str, cls: str, **attributes: str) -> str:
    """An icon in the colour of the text around it, silent for screen readers if nameless."""
    if "aria_label" not in attributes:
        attributes["aria_hidden"] = "true"
    return element(
        "svg",
        element("path", d=_PATHS[name]),
        cls=f"lm-symbol {cls}",
        viewBox="0 0 24 24",
        **attributes,
    )
