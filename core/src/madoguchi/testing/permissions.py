"""Whether what staff may be allowed to do is named well, and asked for by its name."""

from collections.abc import Iterator
from typing import Any

from madoguchi.plugins import Plugin
from madoguchi.testing.wording import find_refused

ANYBODY = "console.use"
"""The permission that everybody has who logged in."""


def check_permissions(plugin: Plugin) -> Iterator[str]:
    """What is wrong with a plugin's permissions, and with those that its pages ask for."""
    names = {one.name for one in plugin.permissions}
    for one in plugin.permissions:
        if one.name.partition(".")[0] != plugin.name:
            yield f"the permission {one.name!r}: its name begins with {plugin.name}."
        words = one.label.removesuffix("でき").strip()
        if not words:
            yield f"the permission {one.name!r}: its label does not say what may be done"
        elif words.isascii() or find_refused(words):
            yield f"the permission {one.name!r}: say {one.label!r} in words that staff know"
    for page in plugin.pages:
        asked: Any = getattr(page, "permission", None)
        for name in asked.split("|") if isinstance(asked, str) else ():
            if name != ANYBODY and name not in names:
                yield (
                    f"the page {page.path} asks for {name!r}, which nobody registers:"
                    " return it from register_permissions"
                )
