"""A group of questions that is asked several times: children, for example."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Nested, Partial
from madoguchi.forms.choosing import DONE, Note
from madoguchi.forms.form import Field
from madoguchi.forms.places import Location
from madoguchi.forms.question import ANSWERED, Question, ask_text, label_of, leave_out, tap_item
from madoguchi.forms.uploads import Files, Photos
from madoguchi.languages import Words

ANOTHER = "*another"
"""The value of the button that begins one more."""


@dataclass(frozen=True, slots=True)
class Repeat(Question):
    """`fields`, asked for each of `least` to `most`; stored is a list of `{name: answer}`.

    It is personal if one of its questions is. `counted` is what the chat says of a personal one:
    `"お子さん{count}人"`. Photos, files, places and groups cannot stand inside, nor `when`.
    """

    _: KW_ONLY
    fields: Sequence[Field]
    each: Words = "{n}つめ"
    """What one of them is called: `"{n}人目のお子さん"`."""
    counted: Words = "{count}つ"
    least: int = 0
    most: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        for one in self.fields:
            if isinstance(one, Photos | Files | Location | Repeat | Note) or one.when:
                raise ValueError(f"{self.name}: {one.name!r} cannot stand inside of a Repeat")
        if any(one.personal for one in self.fields):
            object.__setattr__(self, "personal", True)

    # On a page.

    def page(self, asking: Asking) -> Control:
        """What is there, and one empty group more while there is room."""
        items: list[tuple[Any, Given | None]] = [(one, None) for one in asking.value or ()]
        if asking.given is not None:
            items = [({}, asking.given.within(str(n))) for n in self._numbers(asking.given)]
        if len(items) < max(self.most, self.least):
            items.append(({}, None))
        return Control(
            "repeat",
            groups=[self._group(n, *one, asking) for n, one in enumerate(items)],
            most=self.most,
        )

    def _group(
        self, n: int, value: Mapping[str, Any], given: Given | None, asking: Asking
    ) -> list[Nested]:
        return [
            Nested(
                one,
                f"{n}.{one.name}",
                one.page(
                    asking.having(
                        value=value.get(one.name),
                        given=given.within(one.name) if given else None,
                        answers=value,
                        partial=None,
                    )
                ),
            )
            for one in self.fields
        ]

    @staticmethod
    def _numbers(given: Given) -> list[int]:
        """The numbers of the groups that came from a page."""
        found = {key.partition(".")[0] for key in given.parts}
        return sorted({int(key) for key in found if key.isascii() and key.isdigit()})[:100]

    # In either.

    def parse(self, given: Given, asking: Asking) -> list[dict[str, Any]] | Partial | None:
        """The groups; those of a page that were left empty do not count."""
        if asking.in_chat:
            return self._parse_in_chat(given, asking)
        groups = [(n, given.within(str(n))) for n in self._numbers(given)]
        items = [self._item(str(n), group, asking) for n, group in groups if not group.is_empty]
        return self._checked(items)

    def _item(self, prefix: str, group: Given, asking: Asking) -> dict[str, Any]:
        item: dict[str, Any] = {}
        for one in self.fields:
            try:
                inner = asking.having(answers=item, value=None, partial=None)
                item[one.name] = one.parse(group.within(one.name), inner)
            except Mistake as error:
                part = ".".join(filter(None, [prefix, one.name, error.part]))
                raise Mistake(error.text, part, **error.values) from error
        return item

    def _checked(self, items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        if not items:
            return [] if self.least == 0 else leave_out(self)
        if len(items) < self.least:
            raise Mistake("{least}つ以上入れてください。", least=self.least)
        if len(items) > self.most:
            raise Mistake("{most}つまで入れられます。", most=self.most)
        return items

    # In the chat: one question of one group after another. `partial` is what is there of them.

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """The question that is open in the group that is open; else whether there is one more."""
        state = self._state(asking)
        items, item = state["items"], state["item"]
        asking = asking.having(tap=f"{asking.tap}.{_step(state)}")
        if item is None:
            say = asking.say
            count = say(self.counted, count=len(items)) if items else ""
            taps = [tap_item(asking, say("追加する"), ANOTHER)] if len(items) < self.most else []
            if len(items) >= self.least:
                taps.append(
                    tap_item(asking, say("これで次へ") if items else say("ありません"), DONE)
                )
            return [ask_text(self, asking, count, taps)]
        one, inner = self._open(item, state.get("partial"), asking)
        messages = one.ask(inner)
        if not item and "text" in messages[0]:
            each = asking.say(self.each, n=len(items) + 1)
            messages[0] = messages[0] | {"text": f"{each}\n{messages[0]['text']}"}
        return messages

    def _state(self, asking: Asking) -> Mapping[str, Any]:
        if asking.partial:
            return asking.partial
        if asking.value is not None:  # gone back to: what is there, and one more perhaps
            return {"items": asking.value, "item": None}
        return {"items": [], "item": {} if self.least else None}

    def _open(self, item: Mapping[str, Any], partial: Any, asking: Asking) -> tuple[Field, Asking]:
        one = next(field for field in self.fields if field.name not in item)
        return one, asking.having(answers=item, value=None, partial=partial)

    def _parse_in_chat(self, given: Given, asking: Asking) -> list[dict[str, Any]] | Partial | None:
        state = self._state(asking)
        items, item = list(state["items"]), state["item"]
        if given.tapped and given.step != _step(state):
            raise Mistake(ANSWERED)
        if item is None:
            if given.text == ANOTHER or given.text == asking.say("追加する"):
                return Partial({"items": items, "item": {}})
            if given.is_empty or given.text in (
                DONE,
                asking.say("これで次へ"),
                asking.say("ありません"),
            ):
                return self._checked(items)
            raise Mistake("「追加する」か「これで次へ」を選んでください。")
        one, inner = self._open(item, state.get("partial"), asking)
        found = one.parse(given, inner)
        if isinstance(found, Partial):
            return Partial({"items": items, "item": item, "partial": found.value}, found.silent)
        item = {**item, one.name: found}
        if len(item) < len(self.fields):
            return Partial({"items": items, "item": item})
        if len(items) + 1 >= self.most:
            return self._checked([*items, item])
        return Partial({"items": [*items, item], "item": None})

    # Reading it.

    def show(self, value: Any, asking: Asking) -> str:
        """A line for each."""
        lines = []
        for n, item in enumerate(value or (), 1):
            answers = [one.show(item.get(one.name), asking) for one in self.fields]
            each = asking.say(self.each, n=n)
            lines.append(f"{each} {asking.say('、').join(filter(None, answers))}")
        return "\n".join(lines)

    def mention(self, value: Any, asking: Asking) -> str:
        """How many: what the chat may say of it (R68)."""
        return asking.say(self.counted, count=len(value or ()))

    def columns(self, value: Any, asking: Asking) -> dict[str, str]:
        """The columns of each of them, numbered."""
        heading = label_of(self, asking)
        found = {}
        for n in range(max(self.most, 1)):
            item = value[n] if value and n < len(value) else {}
            for one in self.fields:
                for column, text in one.columns(item.get(one.name), asking).items():
                    found[f"{heading}{n + 1}：{column}"] = text
        return found


def _step(state: Mapping[str, Any]) -> str:
    """Where in the group the chat is, so that an old button is known for one."""
    item = state["item"]
    return f"{len(state['items'])}{'' if item is None else f'-{len(item)}'}"
