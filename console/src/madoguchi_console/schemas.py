"""A form made from a pydantic model: what is asked, what is there, and what was typed, read back.

Works on the model's JSON schema, so that whatever a plugin declares as its settings has a page.
Inputs are called by their place, `topics.0.label`; lists of tables have a row of their own each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from madoguchi.languages import LANGUAGES, NAMES

LABELS = {
    "id": "記号（半角の英数字）",
    "label": "なまえ",
    "name": "なまえ",
    "retired": "もう使わない",
    "into": "まとめる先の記号",
}
"""Words for keys whose field has no `title`."""
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
LONG = 36
"""A text that is longer gets several lines."""


@dataclass(frozen=True, slots=True)
class Node:
    """A question of the form, with its answer now."""

    kind: str
    """text, area, number, bool, choice, choices, texts, words, day, group or list."""
    name: str
    label: str
    value: Any = None
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    children: Sequence["Node"] = ()
    """Of a group, its questions; of a list, a group for each row."""
    is_optional: bool = False
    title: str = ""
    """Of a row, what it is called: its name, or its number."""

    @property
    def id(self) -> str:
        """The id of its input."""
        return "f-" + (self.name.replace(".", "-") or "all")


class Schema:
    """A model's JSON schema."""

    def __init__(self, model: Any) -> None:
        self._root = model.model_json_schema(by_alias=True)
        self._defs = self._root.get("$defs", {})

    def draw(self, content: Any) -> Node:
        """The whole form, with what is in force."""
        return self._draw(self._root, content, "", "", "")

    def read(self, typed: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The content that was typed. `lists`: every value of inputs that may be there often."""
        found = self._read(self._root, typed, lists, "")
        return found if isinstance(found, dict) else {}

    def empty(self, name: str) -> Any:
        """A new row of the list at a place."""
        schema = self._root
        for part in name.split("."):
            schema = self._resolve(schema)
            schema = schema["items"] if part.isdecimal() else schema["properties"][part]
        row = self._resolve(self._resolve(schema)["items"])
        return {key: one.get("default") for key, one in row.get("properties", {}).items()}

    def label_of(self, place: Sequence[str]) -> str:
        """What a place is called, as `compare` names it: `お知らせの種類「ごみ」のなまえ`."""
        schema, said = self._root, list[str]()
        for part in place:
            key, _, which = part.partition(" ")
            schema = self._resolve(schema)
            schema = self._resolve(schema["items"]) if "items" in schema else schema
            schema = schema.get("properties", {}).get(key, {})
            named = which.strip('"').removeprefix("no. ")
            if not schema and key in LANGUAGES:
                said.append(NAMES[key])
            else:
                said.append(self._label(schema, key) + (f"「{named}」" if named else ""))
        return " の ".join(said)

    # Drawing

    def _resolve(self, schema: Any) -> dict[str, Any]:
        while "$ref" in schema or ("allOf" in schema and len(schema["allOf"]) == 1):
            one = schema.get("$ref") or schema["allOf"][0].get("$ref", "")
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            schema = {**self._defs[one.rpartition("/")[2]], **rest}
        kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        if "anyOf" in schema and len(kinds) == 1:
            rest = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**self._resolve(kinds[0]), **rest, "optional": True}
        return dict(schema)

    def _is_words(self, schema: Mapping[str, Any]) -> bool:
        kinds = {self._resolve(one).get("type") for one in schema.get("anyOf", ())}
        is_map = schema.get("type") == "object" and "properties" not in schema
        return is_map or {"string", "object"} <= kinds

    def _label(self, schema: Mapping[str, Any], key: str) -> str:
        title = str(schema.get("title", ""))
        return title if JAPANESE.search(title) else LABELS.get(key, key)

    def _draw(self, raw: Any, value: Any, name: str, key: str, title: str) -> Node:
        schema = self._resolve(raw)
        about = str(schema.get("description", ""))
        known: dict[str, Any] = {
            "name": name,
            "label": self._label(schema, key),
            "value": value,
            "hint": about if JAPANESE.search(about) else "",
            "is_optional": _may_be_nothing(schema),
            "title": title,
        }
        if self._is_words(schema):
            words = value if isinstance(value, Mapping) else {"ja": value or ""}
            shape = "map" if isinstance(value, Mapping) else "text"
            parts = [
                Node("text", f"{name}.{one}", NAMES[one], words.get(one, ""), title=shape)
                for one in LANGUAGES
            ]
            return Node("words", children=parts, **known)
        if "properties" in schema:
            values = value if isinstance(value, Mapping) else {}
            inner = [
                self._draw(one, values.get(part), f"{name}.{part}" if name else part, part, "")
                for part, one in schema["properties"].items()
            ]
            return Node("group", children=inner, **known)
        if schema.get("type") == "array":
            return self._draw_list(schema, known)
        if "enum" in schema or "const" in schema:
            options = _options(schema.get("enum", [schema.get("const")]), schema)
            return Node("choice", options=options, **known)
        kinds = {"boolean": "bool", "integer": "number", "number": "number"}
        kind = kinds.get(str(schema.get("type")), "")
        if not kind:
            is_long = len(str(value or "")) > LONG or "\n" in str(value or "")
            kind = "day" if schema.get("format") == "date" else "area" if is_long else "text"
        return Node(kind, **known)

    def _draw_list(self, schema: Mapping[str, Any], known: dict[str, Any]) -> Node:
        items, name = self._resolve(schema.get("items", {})), known["name"]
        values = known["value"] if isinstance(known["value"], list) else []
        if "properties" in items:
            rows = [
                self._draw(items, one, f"{name}.{number}", "", _name_row(one, number))
                for number, one in enumerate(values)
            ]
            return Node("list", children=rows, **known)
        if "enum" in items:
            options = _options(items["enum"], {**items, **schema})
            return Node("choices", options=options, **known)
        known["value"] = "\n".join(map(str, values))
        return Node("texts", **known)

    # Reading

    def _read(
        self, raw: Any, typed: Mapping[str, str], lists: Mapping[str, Sequence[str]], name: str
    ) -> Any:
        schema = self._resolve(raw)
        if self._is_words(schema):
            words = {
                one: typed[f"{name}.{one}"].strip()
                for one in LANGUAGES
                if typed.get(f"{name}.{one}", "").strip()
            }
            if not words and _may_be_nothing(schema):
                return None
            if typed.get(f"{name}._shape") != "map" and set(words) <= {"ja"}:
                return words.get("ja", "")
            return words
        if "properties" in schema:
            return {
                part: self._read(one, typed, lists, f"{name}.{part}" if name else part)
                for part, one in schema["properties"].items()
            }
        if schema.get("type") == "array":
            return self._read_list(schema, typed, lists, name)
        text = typed.get(name, "").replace("\r\n", "\n")
        match schema.get("type"):
            case "boolean":
                return name in typed
            case "integer" | "number":
                return _number(text, schema)
        text = text.strip()
        return None if schema.get("optional") and not text else text

    def _read_list(
        self,
        schema: Mapping[str, Any],
        typed: Mapping[str, str],
        lists: Mapping[str, Sequence[str]],
        name: str,
    ) -> list[Any]:
        items = self._resolve(schema.get("items", {}))
        if "properties" not in items:
            if "enum" in items:
                return list(lists.get(name, ()))
            return [one.strip() for one in typed.get(name, "").splitlines() if one.strip()]
        start = re.compile(re.escape(name) + r"\.(\d{1,4})\.")
        numbers = sorted({int(found[1]) for one in typed if (found := start.match(one))})
        kept = [one for one in numbers if f"{name}.{one}._out" not in typed]
        places = {one: _number(typed.get(f"{name}.{one}._at", ""), {}) for one in kept}
        kept.sort(key=lambda one: (places[one] if isinstance(places[one], int) else 9999, one))
        return [self._read(items, typed, lists, f"{name}.{one}") for one in kept]


def _may_be_nothing(schema: Mapping[str, Any]) -> bool:
    """Whether the answer may be left out."""
    kinds = [one.get("type") for one in schema.get("anyOf", ())]
    return bool(schema.get("optional")) or "null" in kinds


def _options(values: Sequence[Any], schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What can be chosen, in the words of `json_schema_extra={"words": {"value": "words"}}`."""
    words = schema.get("words", {})
    return [(str(one), str(words.get(one, one))) for one in values]


def _number(text: str, schema: Mapping[str, Any]) -> Any:
    """What a number's input holds; a text that is none stays one, for the model to refuse."""
    plain = text.translate(str.maketrans("０１２３４５６７８９", "0123456789")).strip()
    if not plain and schema.get("optional"):
        return None
    try:
        return int(plain)
    except ValueError:
        return plain


def _name_row(row: Any, number: int) -> str:
    """What a row is called: its name, else its number."""
    if isinstance(row, Mapping):
        for key in ("label", "name", "title", "day", "words"):
            value = row.get(key)
            if isinstance(value, Mapping):
                value = value.get("ja")
            if isinstance(value, list):
                value = "、".join(map(str, value))
            if value:
                return str(value)
    return f"{number + 1}番目"
