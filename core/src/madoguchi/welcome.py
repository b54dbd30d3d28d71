"""First contact: the greeting in every language, what a resident reads, the menu as text."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from madoguchi import residents
from madoguchi.languages import LANGUAGES, NAMES
from madoguchi.menu.tiles import LANGUAGE, action_of, postback, shorten
from madoguchi.types import Resident

if TYPE_CHECKING:
    from madoguchi.services import Services

MENU = {"メニュー", "めにゅー", "めにゅう", "menu"}  # nosay
"""What is typed for the menu, in small letters."""
_ALSO = {"japanese": "ja", "にほんご": "ja", "language": "", "ことば": "", "言葉": ""}  # nosay
SPOKEN = {name.lower(): language for language, name in NAMES.items()} | _ALSO
"""What is typed for a language, in small letters; without one, residents are asked which."""
CHOOSE = "ことばをえらんでください。 / Please choose your language."  # nosay
USABLE = "この窓口は、日本語で使えます。"
ABOUT = "お預かりする情報"
MOST_ITEMS = 12
"""LINE shows 13 quick replies (R39); the last one is for the language."""
Message = dict[str, Any]


def greet(services: "Services") -> Message:
    """The city's greeting, that it speaks other languages, a button for each, and what is kept."""
    languages, greeting = services.languages, services.greeting()
    said = [languages.say(greeting, "ja")]
    for language in LANGUAGES[1:]:
        own = languages.say(greeting, language)
        said.append(own if own != said[0] else languages.say(USABLE, language))
    items = _languages()
    if address := _about(services):
        items.append(_item({"type": "uri", "label": ABOUT, "uri": address}))
    return _message("\n\n".join(said), items)


def _about(services: "Services") -> str | None:
    """The address of the page at `/about` that a plugin opens to everybody; None without one."""
    city = services.city
    for plugin in services.plugins.well():
        if city.public_url and any(getattr(page, "path", "") == "/about" for page in plugin.pages):
            return f"{city.public_url}/{city.gateway}/{plugin.name}/about"
    return None


def ask_language() -> Message:
    """Which language, in all of them."""
    return _message(CHOOSE, _languages())


def choose_language(db: Session, services: "Services", who: Resident, language: str) -> Message:
    """Remember what the resident reads; the menu, in that language."""
    residents.set_language(db, who.id, language)
    message = show_menu(services, language)
    thanks = services.languages.say("これから、このことばでお答えします。", language)
    return {**message, "text": f"{thanks}\n\n{message['text']}"}


def show_menu(services: "Services", language: str | None) -> Message:
    """What this city can do, as lines to read and buttons to tap, and the telephone."""
    say = services.languages.say
    lines, items = [], []
    for plugin in services.plugins.well():
        for item in plugin.collected.menu:
            action = action_of(services, item, say(item.label, language))
            if action is not None:
                lines.append(f"・{action['label']}")  # nosay
                items.append(_item({**action, "label": shorten(action["label"])}))
    text = "\n".join(
        [
            say("{city}のトークでできること", language, city=say(services.city.label, language)),
            *lines,
            "",
            say("ボタンを押すか、知りたいことを送ってください。", language),
            services.telephone(language),
        ]
    )
    return _message(text, [*items[:MOST_ITEMS], _item(postback(LANGUAGE, "language"))])


def _languages() -> list[Message]:
    return [
        _item(postback(NAMES[language], f"language?v={language}", NAMES[language]))
        for language in LANGUAGES
    ]


def _item(action: Mapping[str, Any]) -> Message:
    return {"type": "action", "action": dict(action)}


def _message(text: str, items: Sequence[Message]) -> Message:
    return {"type": "text", "text": text, "quickReply": {"items": list(items)}}
