"""What all of our own questions have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, TypeVar

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Part
from madoguchi.languages import Words
from madoguchi.reading import Unreadable
from madoguchi_messages import grapheme_length

T = TypeVar("T")
MAX_TYPED = 10_000
"""Characters that are read at all; more is answered with a sentence."""
LONGEST = 2_000
"""Characters of a message; LINE takes 5,000 of its own counting, in which some are two (R37)."""
LABEL = 20
"""Characters on a button (R39)."""
MISSING = "答えを入れてください。"
ANSWERED = "もう答えています。"


@dataclass(frozen=True, slots=True)
class Question:
    """Name, question, and what else every question may have."""

    name: str
    question: Words
    _: KW_ONLY
    optional: bool = False
    personal: bool = False
    """Asked on a page only, never in the chat (R68)."""
    when: Mapping[str, Sequence[Any]] | None = None
    """Asked only if an earlier question was answered with one of these: `{"kind": ["danger"]}`."""
    help: Words | None = None
    label: Words | None = None
    """What stands before the answer where answers are listed; without it, the question."""
    always_personal: ClassVar[bool] = False

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """The question as a text."""
        return [ask_text(self, asking)]

    def show(self, value: Any, asking: Asking) -> str:
        """The answer as it is stored."""
        return "" if value is None else str(value)

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """One column, headed by the label."""
        return {label_of(self, asking): self.show(value, asking)}

    def _typed(self, given: Given) -> str | None:
        """What was typed; None if the question was left out. Raises `Mistake`."""
        if given.is_empty:
            return leave_out(self)
        return within_limits(given.text)


@dataclass(frozen=True, slots=True)
class Typed(Question):
    """A question that is answered by typing one thing."""

    kind: ClassVar[str] = "text"
    autocomplete: ClassVar[str] = ""
    inputmode: ClassVar[str] = ""

    def page(self, asking: Asking) -> Control:
        """One input, with what was typed or is stored."""
        typed = asking.given.text if asking.given else self.show(asking.value, asking)
        part = Part(value=typed, autocomplete=self.autocomplete, inputmode=self.inputmode)
        return Control(self.kind, [part])


def ask_text(
    question: Any, asking: Asking, more: str = "", items: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """A text message that asks a question, with quick replies if there are any."""
    lines = [asking.say(question.question)]
    if question.optional:
        lines[0] += asking.say("（答えなくてもかまいません）")
    lines += [asking.say(question.help)] if question.help else []
    lines += [more] if more else []
    message: dict[str, Any] = {"type": "text", "text": cut("\n".join(lines), LONGEST)}
    if items:
        message["quickReply"] = {"items": list(items)}
    return message


def tap_item(asking: Asking, label: str, value: str) -> dict[str, Any]:
    """A quick reply that answers the question being asked."""
    return item(
        {
            "type": "postback",
            "label": cut(label, LABEL),
            "data": asking.postback(value),
            "displayText": cut(label, 200),
        }
    )


def item(action: Mapping[str, Any]) -> dict[str, Any]:
    """A quick reply that does this."""
    return {"type": "action", "action": dict(action)}


def label_of(question: Any, asking: Asking) -> str:
    """What stands before an answer."""
    return asking.say(getattr(question, "label", None) or question.question)


def leave_out(question: Any) -> None:
    """Nothing was given: None where that is allowed. Raises `Mistake`."""
    if not question.optional:
        raise Mistake(MISSING)


def within_limits(text: str) -> str:
    """The text, unless nobody could mean it. Raises `Mistake`."""
    if len(text) > MAX_TYPED:
        raise Mistake("長すぎます。{most}文字までにしてください。", most=f"{MAX_TYPED:,}")
    return text


def read(reader: Callable[..., T], *given: Any, part: str = "", **named: Any) -> T:
    """What a reader of `madoguchi.reading` returns. Raises `Mistake` with its words."""
    try:
        return reader(*given, **named)
    except Unreadable as error:
        raise Mistake(error.text, part, **error.values) from error


def cut(text: str, most: int) -> str:
    """The text, shortened to so many characters with … at its end."""
    return text if grapheme_length(text) <= most else text[: most - 1] + "…"
