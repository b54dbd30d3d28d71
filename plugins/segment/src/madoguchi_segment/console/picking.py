# nosay: what is said here, staff read
"""送る相手 as a form: groups of conditions, and the tree that they mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from madoguchi import Criteria
from madoguchi.languages import NAMES
from madoguchi_segment.audiences import ConditionError, read_condition
from madoguchi_segment.deliveries.states import Refused

MOST_GROUPS = 6
MOST_ROWS = 12
UNITS = {"months": "か月", "years": "歳", "days": "日"}
PLUGIN = "audience:"
"""Before the name of an audience that only a plugin can pick."""


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it is typed."""

    key: str
    """A field (`segment/area`), `language`, `followed`, or `audience:` and a name."""
    op: str = ""
    """`in`, `age`, `dates`, `days` or `unanswered`."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_not: bool = False

    def one(self, name: str) -> str:
        """The first value of an input."""
        return next(iter(self.values.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that are joined by すべて or どれか."""

    mode: str = "all"
    rows: tuple[Row, ...] = ()
    is_not: bool = False


@dataclass(frozen=True, slots=True)
class Picked:
    """The whole."""

    who: str = ""
    """`everyone`, `some`, `raw` (a tree that no form can show), or "": not chosen yet."""
    mode: str = "all"
    groups: tuple[Group, ...] = (Group(),)
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a condition can be about, as the page offers it."""

    key: str
    label: str
    kind: str
    """`choice`, `date`, `language`, `followed` or `audience`."""
    options: Sequence[tuple[str, str]] = ()
    parameters: Sequence[Any] = ()


def choices(criteria: Criteria) -> list[Choice]:
    """Everything that can be asked for now."""
    found = []
    for key, one in criteria.fields.items():
        is_date = one.kind in ("date", "dates")
        options = [(option.value, option.label) for option in one.options]
        found.append(Choice(key, one.label, "date" if is_date else "choice", options))
    found.append(Choice("language", "ことば", "language", list(NAMES.items())))
    found.append(Choice("followed", "友だちになった日", "followed"))
    for key, audience in criteria.audiences.items():
        found.append(
            Choice(PLUGIN + key, audience.label, "audience", parameters=audience.parameters)
        )
    return found


def read_picked(form: Any, criteria: Criteria) -> Picked:
    """What a form holds."""
    groups = []
    known = {one.key for one in choices(criteria)}
    for g in range(MOST_GROUPS):
        if form.get(f"g{g}.mode") is None:
            continue
        rows = []
        for r in range(MOST_ROWS):
            at = f"g{g}.{r}."
            key = form.get(f"{at}key")
            if key not in known:
                continue
            values = {
                name.removeprefix(at): tuple(form.getlist(name))
                for name in form
                if name.startswith(at) and name not in (f"{at}key", f"{at}op", f"{at}not")
            }
            op = form.get(f"{at}op", "")
            rows.append(Row(key, op, values, form.get(f"{at}not") == "1"))
        groups.append(Group(_mode(form, f"g{g}.mode"), tuple(rows), form.get(f"g{g}.not") == "1"))
    who = form.get("who", "")
    who = who if who in ("everyone", "some", "raw") else ""
    return Picked(who, _mode(form, "mode"), tuple(groups) or (Group(),), form.get("raw", ""))


def _mode(form: Any, name: str) -> str:
    return "any" if form.get(name) == "any" else "all"


def add_row(picked: Picked, g: int, key: str, criteria: Criteria) -> Picked:
    """With one more condition in a group."""
    choice = next((one for one in choices(criteria) if one.key == key), None)
    if choice is None or g >= len(picked.groups) or len(picked.groups[g].rows) >= MOST_ROWS:
        return picked
    op = {"date": "age", "followed": "days"}.get(choice.kind, "in")
    rows = (*picked.groups[g].rows, Row(key, op))
    return _with_group(replace(picked, who="some"), g, replace(picked.groups[g], rows=rows))


def drop_row(picked: Picked, g: int, r: int) -> Picked:
    """Without a condition; a group that gets empty goes with it, unless it is the only one."""
    if g >= len(picked.groups):
        return picked
    rows = tuple(row for n, row in enumerate(picked.groups[g].rows) if n != r)
    if rows or len(picked.groups) == 1:
        return _with_group(picked, g, replace(picked.groups[g], rows=rows))
    return replace(picked, groups=tuple(one for n, one in enumerate(picked.groups) if n != g))


def add_group(picked: Picked) -> Picked:
    """With one more group."""
    if len(picked.groups) >= MOST_GROUPS:
        return picked
    return replace(picked, who="some", groups=(*picked.groups, Group()))


def _with_group(picked: Picked, g: int, group: Group) -> Picked:
    groups = tuple(group if n == g else one for n, one in enumerate(picked.groups))
    return replace(picked, groups=groups)


# To a tree, and back.


def condition_of(picked: Picked, criteria: Criteria) -> dict[str, Any] | None:
    """The condition as JSON, checked; None: nothing is chosen. `Refused` says what is missing."""
    if picked.who == "":
        return None
    if picked.who == "everyone":
        return {"everyone": True}
    tree = json.loads(picked.raw) if picked.who == "raw" else _tree(picked, criteria)
    try:
        read_condition(tree, criteria)
    except ConditionError as error:
        words = "".join(one.partition("：")[2] or one for one in error.problems)
        raise Refused("condition", f"送る相手の条件を直してください。{words}") from error
    return tree


def _tree(picked: Picked, criteria: Criteria) -> dict[str, Any]:
    known = {one.key: one for one in choices(criteria)}
    groups = []
    for group in picked.groups:
        rows = [_leaf(row, known[row.key]) for row in group.rows]
        if rows:
            tree = rows[0] if len(rows) == 1 else {group.mode: rows}
            groups.append({"not": tree} if group.is_not else tree)
    if not groups:
        raise Refused("condition", "送る相手の条件を、1つ以上足してください。")
    return groups[0] if len(groups) == 1 else {picked.mode: groups}


def _leaf(row: Row, choice: Choice) -> dict[str, Any]:
    leaf = _bare(row, choice)
    return {"not": leaf} if row.is_not else leaf


def _bare(row: Row, choice: Choice) -> dict[str, Any]:
    name = f"「{choice.label}」"
    if choice.kind == "audience":
        key = row.key.removeprefix(PLUGIN)
        given = {one.name: _given(row, one, name) for one in choice.parameters}
        return {"audience": key, "with": given} if given else {"audience": key}
    if choice.kind == "followed":
        if row.op == "dates":
            return {"followed": _days(row, name)}
        return {"followed": {"days": _whole(row.one("days"), f"{name}の日数")}}
    if choice.kind == "language":
        chosen = row.values.get("in", ())
        if not chosen:
            raise Refused("condition", f"{name}から、1つ以上えらんでください。")
        return {"language": list(chosen)}
    if row.op == "unanswered":
        return {"field": row.key, "unanswered": True}
    if choice.kind == "date":
        if row.op == "dates":
            return {"field": row.key, **_days(row, name)}
        unit = row.one("unit") if row.one("unit") in UNITS else "months"
        least = _whole(row.one("least"), f"{name}のはじめ")
        most = _whole(row.one("most"), f"{name}の終わり")
        if least > most:
            raise Refused("condition", f"{name}の数が逆です。小さい方を先に書いてください。")
        return {"field": row.key, "age": {"from": {unit: least}, "to": {unit: most}}}
    chosen = row.values.get("in", ())
    if not chosen:
        raise Refused("condition", f"{name}から、1つ以上えらんでください。")
    return {"field": row.key, "in": list(chosen)}


def _given(row: Row, parameter: Any, name: str) -> Any:
    value = row.one(f"p.{parameter.name}").strip()
    if not value:
        raise Refused("condition", f"{name}の「{parameter.label}」を入れてください。")
    return _whole(value, f"「{parameter.label}」") if parameter.kind == "number" else value


def _whole(value: str, what: str) -> int:
    text = value.strip()
    if not text.isdecimal() or len(text) > 6:
        raise Refused("condition", f"{what}を、数字で入れてください。")
    return int(text)


def _days(row: Row, name: str) -> dict[str, str]:
    found = {}
    for end, said in (("from", "はじめの日"), ("to", "終わりの日")):
        if value := row.one(end).strip():
            try:
                found[end] = date.fromisoformat(value).isoformat()
            except ValueError:
                raise Refused(
                    "condition", f"{name}の{said}を、2026-04-01 のように入れてください。"
                ) from None
    if not found:
        raise Refused("condition", f"{name}の日付を入れてください。片方だけでもかまいません。")
    if len(found) == 2 and found["from"] > found["to"]:
        raise Refused("condition", f"{name}の日付が逆です。早い方を先に入れてください。")
    return found


def picked_of(tree: Any, criteria: Criteria) -> Picked:
    """What a form shows for a condition; what is too deep for it stands as it is."""
    if tree is None:
        return Picked()
    if tree == {"everyone": True}:
        return Picked("everyone")
    known = {one.key: one for one in choices(criteria)}
    try:
        return _picked(tree, known)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Picked("raw", raw=json.dumps(tree, ensure_ascii=False))


def _picked(tree: Mapping[str, Any], known: Mapping[str, Choice]) -> Picked:
    mode = "any" if "any" in tree else "all"
    parts = tree.get(mode, [tree])
    if all(_is_leaf(part) for part in parts):
        return Picked("some", "all", (Group(mode, tuple(_row(part, known) for part in parts)),))
    return Picked("some", mode, tuple(_group(part, known) for part in parts))


def _is_leaf(part: Mapping[str, Any]) -> bool:
    inner = part.get("not", part)
    return not {"all", "any", "not"} & set(inner)


def _group(part: Mapping[str, Any], known: Mapping[str, Choice]) -> Group:
    if _is_leaf(part):
        return Group("all", (_row(part, known),))
    inner, is_not = (part["not"], True) if "not" in part else (part, False)
    (mode,) = {"all", "any"} & set(inner)
    return Group(mode, tuple(_row(one, known) for one in inner[mode]), is_not)


def _row(leaf: Mapping[str, Any], known: Mapping[str, Choice]) -> Row:
    is_not = "not" in leaf
    leaf = leaf["not"] if is_not else leaf
    if not _is_leaf(leaf):
        raise ValueError("too deep")
    if "audience" in leaf:
        given = {f"p.{k}": (str(v),) for k, v in leaf.get("with", {}).items()}
        row = Row(PLUGIN + leaf["audience"], "in", given, is_not)
    elif "language" in leaf:
        row = Row("language", "in", {"in": tuple(leaf["language"])}, is_not)
    elif "followed" in leaf:
        op = "days" if "days" in leaf["followed"] else "dates"
        values = {key: (str(value),) for key, value in leaf["followed"].items()}
        row = Row("followed", op, values, is_not)
    elif "unanswered" in leaf:
        row = Row(leaf["field"], "unanswered", {}, is_not)
    elif "in" in leaf:
        row = Row(leaf["field"], "in", {"in": tuple(leaf["in"])}, is_not)
    elif "age" in leaf:
        ((unit, least),) = leaf["age"]["from"].items()
        ((other, most),) = leaf["age"]["to"].items()
        if unit != other:
            raise ValueError("two units")
        values = {"unit": (unit,), "least": (str(least),), "most": (str(most),)}
        row = Row(leaf["field"], "age", values, is_not)
    else:
        values = {end: (leaf[end],) for end in ("from", "to") if end in leaf}
        row = Row(leaf["field"], "dates", values, is_not)
    if row.key not in known:
        raise KeyError(row.key)
    return row
