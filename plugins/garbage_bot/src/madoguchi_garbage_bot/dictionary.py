# nosay: what is said here, staff read
"""The city's list: what there is, and where it goes. It is loaded whole or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from madoguchi_garbage_bot.layouts import Layout, find_layout
from madoguchi_garbage_bot.reading import Problem, Row, find_broken, read_table

LONGEST = 200
"""Characters of a name; a longer one is a sentence in the wrong column."""
NO_HEADER = (
    "見出しの行が見つかりません。「品名」と「分別区分」の列がいります。"
    "別の見出しを使うときは、市の設定に書いてください。"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the list. Texts in other languages lie under `field.language`: `name.en`.

    An empty `category` is one that the list leaves open.
    """

    id: str
    name: str
    category: str
    note: str = ""
    fee: str = ""
    reading: str = ""
    synonyms: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def say(self, what: str, language: str) -> str:
        """Its `name`, `category` or `note` in a language, in Japanese where the list has none."""
        return self.texts.get(f"{what}.{language.lower()}") or getattr(self, what)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The entries in the order of the file."""

    entries: tuple[Entry, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category once, in the order of the file."""
        return tuple(dict.fromkeys(entry.category for entry in self.entries))

    def get(self, id: str) -> Entry | None:
        """The entry of this id."""
        return next((entry for entry in self.entries if entry.id == id), None)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file: a dictionary, or errors that say why there is none."""

    dictionary: Dictionary | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> list[Problem]:
        """Why there is no dictionary."""
        return [problem for problem in self.problems if problem.error]

    @property
    def remarks(self) -> list[Problem]:
        """What staff may want to look at; the file is used."""
        return [problem for problem in self.problems if not problem.error]


def load_dictionary(data: bytes, file: str, columns: Mapping[str, str] | None = None) -> Loaded:
    """Read a list from a CSV or Excel file called `file`.

    `columns` says how the city calls a field of `layouts.TITLES`: `{"name": "しなもの"}`.
    """
    rows, problems = read_table(data, file)
    if problems:
        return Loaded(None, tuple(problems))
    layout = find_layout(rows, columns or {})
    if layout is None:
        return Loaded(None, (Problem(file, 0, "", NO_HEADER),))
    entries: list[Entry] = []
    for row in rows:
        if row.number > layout.row:
            found = list(_check_row(row, layout, file))
            problems += found
            wanted = _value(row, layout, "name") and not _is_comment(row)
            if wanted and not any(one.error for one in found):
                entries.append(_read_entry(row, layout))
    problems += _check_whole(rows, layout, entries, file)
    whole = not any(problem.error for problem in problems)
    ordered = sorted(problems, key=lambda one: (not one.error, one.row))
    return Loaded(Dictionary(tuple(entries)) if whole else None, tuple(ordered))


def _check_row(row: Row, layout: Layout, file: str) -> Iterator[Problem]:
    """What is wrong in a row. One without a name and a category is left out, and said."""
    if row.empty or _is_comment(row):
        return
    yield from find_broken(row, layout.header, file)
    width = len(layout.header)
    if any(row.cells[width:]):
        words = (
            f"見出しより{len(row.cells) - width}列多いです。"
            '「,」を含む文は、前後を「"」でかこんでください。'
        )
        yield Problem(file, row.number, f"{width + 1}列目", words)
        return
    name, category = _value(row, layout, "name"), _value(row, layout, "category")
    if not any((name, category, _value(row, layout, "note"))):
        words = "品名も分別区分もないので、この行は使いません。"
        yield Problem(file, row.number, layout.title("name"), words, False)
        return
    if not name:
        yield Problem(file, row.number, layout.title("name"), "品名がありません。")
    if not category:
        words = "分別区分がありません。住民には、担当へ聞くように答えます。"
        yield Problem(file, row.number, layout.title("category"), words, False)
    if len(name) > LONGEST:
        words = f"{len(name)}文字あります。品名は{LONGEST}文字までです。"
        yield Problem(file, row.number, layout.title("name"), words)
    if len(row.cells) <= max(layout.places.values()):
        words = f"見出しは{width}列、この行は{len(row.cells)}列です。ない列は空と読みます。"
        yield Problem(file, row.number, "", words, False)
    if "?" in name or "\u3013" in name:
        words = f"「{name}」の「?」は、ぬけた文字かもしれません。"
        yield Problem(file, row.number, layout.title("name"), words, False)


def _check_whole(
    rows: list[Row], layout: Layout, entries: list[Entry], file: str
) -> Iterator[Problem]:
    """What only shows when all rows are seen."""
    if not entries:
        yield Problem(file, 0, "", "品名が1つもありません。")
    if sum(not entry.category for entry in entries) * 10 > len(entries):
        words = "分別区分のない行が多すぎます。列がずれていませんか。"
        yield Problem(file, 0, layout.title("category"), words)
    for id, times in Counter(entry.id for entry in entries).items():
        if times > 1:
            words = f"「{id}」が{times}回あります。番号は1つずつにしてください。"
            yield Problem(file, 0, layout.title("id"), words)
    for (name, category), times in Counter((one.name, one.category) for one in entries).items():
        if times > 1:
            words = f"「{name}」（{category}）が{times}回あります。"
            yield Problem(file, 0, layout.title("name"), words, False)
    if empty := sum(row.empty for row in rows if row.number > layout.row):
        yield Problem(file, 0, "", f"空の行が{empty}行あります。使いません。", False)
    if before := layout.row - 1:
        yield Problem(file, 0, "", f"見出しの前に{before}行あります。使いません。", False)
    comments = [row.number for row in rows if row.number > layout.row and _is_comment(row)]
    if comments:
        numbers = "、".join(map(str, comments))
        yield Problem(file, 0, "", f"「#」で始まる行（{numbers}行目）は、使いません。", False)
    if layout.unused:
        yield Problem(file, 0, "", f"使わない列があります: {'、'.join(layout.unused)}", False)
    short = sum(len(entry.reading) == 1 for entry in entries)
    if short:
        words = f"{short}行が1文字だけです。検索には、2文字からの読みを使います。"
        yield Problem(file, 0, layout.title("reading"), words, False)


def _read_entry(row: Row, layout: Layout) -> Entry:
    notes = [_value(row, layout, "note"), _value(row, layout, "remarks")]
    fees = [_value(row, layout, one) for one in ("fee_kind", "fee", "fee_note")]
    others = _value(row, layout, "synonyms").replace("、", ",").replace("|", ",").split(",")
    return Entry(
        id=_value(row, layout, "id") or str(row.number),
        name=" ".join(_value(row, layout, "name").split()),
        category=" ".join(_value(row, layout, "category").split()),
        note="\n".join(filter(None, notes)),
        fee=" ".join(filter(None, fees)),
        reading=_value(row, layout, "reading"),
        synonyms=tuple(filter(None, (one.strip() for one in others))),
        texts={
            place: value
            for place in layout.places
            if "." in place and (value := _value(row, layout, place))
        },
    )


def _value(row: Row, layout: Layout, field: str) -> str:
    place = layout.places.get(field)
    return row.cells[place] if place is not None and place < len(row.cells) else ""


def _is_comment(row: Row) -> bool:
    return row.cells[0].startswith("#") if row.cells else False
