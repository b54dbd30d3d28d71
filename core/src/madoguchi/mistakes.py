"""Mistakes in a city's file, in words: one line each, with file, table, key and what to write."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

EXPECTED = {
    "string_type": "a text in quotation marks",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list: […]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""Kinds of mistakes by pydantic's names: what is expected."""
TOO_SMALL = {"string_too_short": "is empty; write a text", "too_short": "is empty; write a list"}
FOUND = {bool: "true or false", Mapping: "a table", list: "a list", type(None): "nothing"}


class FromEnvironment(str):
    """A value that came from the environment, through `{ env = "NAME" }`; it is never shown."""

    __slots__ = ()


def explain(
    error: ValidationError, file: str, where: str, model: type[BaseModel] | None
) -> list[str]:
    """One line for each mistake; `where` is the table of `model`, empty for the whole file."""
    return [_explain(problem, file, where, model) for problem in error.errors()]


def place(file: str, table: str, key: str = "") -> str:
    """`kita.toml [line] channel_id`: where a mistake stands."""
    return " ".join(part for part in (file, f"[{table}]" if table else "", key) if part)


def explain_silence(file: str, error: Exception) -> str:
    """The line about a database that does not answer."""
    at = place(file, "store", "database_url")
    return f"{at}: {error}: does the server run, and is the address right?"


def _explain(problem: Any, file: str, where: str, model: type[BaseModel] | None) -> str:
    loc, kind, found = problem["loc"], problem["type"], problem["input"]
    *tables, key = _names(loc) or [""]
    if kind == "missing" and _is_table(field := _field(model, loc)):
        said = place(file, ".".join([*([where] if where else []), *tables, key]))
        return f"{said}: the table is missing; write it with {_keys_of(field)}"
    at = place(file, ".".join([*([where] if where else []), *tables]), key)
    if kind == "missing":
        return f"{at}: is missing; write {key} = {_example(_field(model, loc))}"
    if kind == "extra_forbidden":
        return f"{at}: is not a key that is known here; {_nearest(key, model, loc[:-1])}"
    if kind in EXPECTED:
        return f"{at}: write {EXPECTED[kind]}, not {_shown(found)}"
    if kind in TOO_SMALL:
        return f"{at}: {TOO_SMALL[kind]}"
    if kind == "value_error" and "ctx" in problem:
        return f"{at}: {problem['ctx']['error']}"
    return f"{at}: {problem['msg'][0].lower()}{problem['msg'][1:]}, not {_shown(found)}"


def _names(loc: Sequence[str | int]) -> list[str]:
    """The path to a key; `danger, 1` is `danger no. 2`."""
    names: list[str] = []
    for part in loc:
        if isinstance(part, int) and names:
            names[-1] += f" no. {part + 1}"
        else:
            names.append(str(part))
    return names


def _shown(found: Any) -> str:
    if isinstance(found, FromEnvironment):
        return "what that environment variable holds"
    for kind, words in FOUND.items():
        if isinstance(found, kind):
            return words
    return f'"{found[:40]}"' if isinstance(found, str) else str(found)


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """The fields of a model by the names that stand in the file."""
    if model is None:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model within an annotation such as `list[DangerTable]` or `StoreTable | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model(part))), None)


def _field(model: type[BaseModel] | None, loc: Sequence[str | int]) -> FieldInfo | None:
    field = None
    for part in loc:
        if isinstance(part, str):
            field = _fields(model).get(part)
            model = _model(field.annotation) if field else None
    return field


def _is_table(field: FieldInfo | None) -> bool:
    annotation = field.annotation if field else None
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _keys_of(field: FieldInfo | None) -> str:
    model = _model(field.annotation) if field else None
    return ", ".join(name for name, one in _fields(model).items() if one.is_required())


def _example(field: FieldInfo | None) -> str:
    annotation = field.annotation if field else None
    if field and any(getattr(one, "wants_environment", False) for one in field.metadata):
        return '{ env = "NAME" }'
    if isinstance(annotation, type) and issubclass(annotation, bool):
        return "true"
    if isinstance(annotation, type) and issubclass(annotation, int | float):
        return "1"
    if annotation is list or get_origin(annotation) is list:
        return '["…"]'
    return '"…"'


def _nearest(key: str, model: type[BaseModel] | None, loc: Sequence[str | int]) -> str:
    field = _field(model, loc)
    known = _fields(_model(field.annotation) if field else model)
    if near := difflib.get_close_matches(key, known, 1):
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}" if known else "this table holds no keys"
