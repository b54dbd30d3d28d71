# nosay: what is said here, staff read
"""答えられなかった言葉: what residents asked in vain, by frequency, and one click to answer it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madoguchi import JST
from madoguchi_garbage_bot import additions, adopting, grouping, questions, rates
from madoguchi_garbage_bot.additions import Addition
from madoguchi_garbage_bot.dictionary import Dictionary, Entry
from madoguchi_garbage_bot.folding import fold
from madoguchi_garbage_bot.grouping import ELSEWHERE, Asked, Group
from madoguchi_garbage_bot.readings import load_reader
from madoguchi_garbage_bot.writing import write_log

SHOWN = 30
LOOKED_AT = 600
"""Groups that are tried against the search for one page."""
FOUND = 12
DECIDED = 50
KINDS = {
    "not_found": "一覧にない",
    "guess": "もしかして",
    "wrong": "「ちがう」",
    ELSEWHERE: "どこも答えず",
}
GONE = "この言葉は、もう決まっています。"


@dataclass(frozen=True, slots=True)
class Look:
    """What the database holds of it."""

    asked: list[Asked]
    more: list[Addition]
    tellers: dict[int, set[int]]
    weeks: Sequence[Any]

    @property
    def ignored(self) -> set[str]:
        """Words that are no garbage, as they are compared."""
        kind = additions.IGNORED
        return {additions.plain(one.word) for one in self.more if one.kind == kind}

    def count_waiting(self, group: Group) -> int:
        """How many want to be told."""
        return len(set().union(*(self.tellers.get(one, ()) for one in group.numbers)))


@dataclass(frozen=True, slots=True)
class Row:
    """A group as the page shows it."""

    group: Group
    proposals: Sequence[tuple[Entry, float]]
    waiting: int
    recent: Sequence[tuple[str, int]]

    @property
    def others(self) -> list[str]:
        """Other ways in which it was written."""
        return [word for word, _ in self.group.words.most_common(6)][1:]

    @property
    def texts(self) -> list[str]:
        """Whole questions, where they say more than the word."""
        said = [text for text, _ in self.group.texts.most_common(4)]
        return [text for text in said if text not in self.group.words][:3]

    @property
    def kinds(self) -> list[str]:
        """What became of the questions."""
        return [KINDS[kind] for kind, _ in self.group.kinds.most_common()]


def _look(db: Session) -> Look:
    asked = [Asked(*row) for row in questions.find_open(db)]
    asked += [Asked(0, row.at, row.text, ELSEWHERE) for row in questions.find_elsewhere(db)]
    counted = questions.count_weeks(db)
    return Look(asked, additions.find(db), questions.find_tellers(db), counted)


async def show(request: Request) -> Response:
    """`GET /words`; `?all=1` also what nobody knows to be garbage; `?as=tsv`, the log."""
    page, asked = request.state.page, request.query_params
    look = await page.read(_look)
    if asked.get("as") == "tsv":
        return await _export(page, look)
    return await _show(page, look, bool(asked.get("all")))


async def _show(page: Any, look: Look, with_all: bool = False, fault: str = "") -> Response:
    search = page.plugin.state.search
    rows, is_more = await asyncio.to_thread(_find_rows, search, look, page.now, with_all)
    today = page.now.astimezone(JST).date()
    weeks = rates.number_weeks(look.weeks, today)
    return page.render(
        "console/words.html",
        409 if fault else 200,
        rows=rows,
        is_more=is_more,
        with_all=with_all,
        fault=fault,
        weeks=weeks,
        chart=rates.draw(weeks),
        goals=rates.GOALS,
        decided=list(reversed(look.more))[:DECIDED],
        kinds={
            additions.WORD: "答え",
            additions.ENTRY: "新しい品目",
            additions.IGNORED: "ごみではない",
        },
        lost=_lost(look, search.dictionary),
        elsewhere=page.path("/console/unanswered"),
        at=page.path("/console/garbage_bot/words"),
        one=lambda word: f"{page.path('/console/garbage_bot/words/one')}?word={quote(word)}",
        styles=page.path("/garbage_bot/static/staff.css"),
    )


def _lost(look: Look, dictionary: Dictionary) -> set[int]:
    """Words whose entry the list does not have any more."""
    names = {entry.name for entry in dictionary.entries}
    return {one.id for one in look.more if one.kind == additions.WORD and one.name not in names}


def _find_rows(search: Any, look: Look, now: Any, with_all: bool) -> tuple[list[Row], bool]:
    """The most frequent open groups, and whether there are more."""
    ignored, rows = look.ignored, list[Row]()
    groups = grouping.group(look.asked, load_reader())
    for one in groups[:LOOKED_AT]:
        if not grouping.is_open(search, one, ignored):
            continue
        proposals = grouping.propose(search, one)
        sure = proposals[0][1] if proposals else 0.0
        if not (one.is_ours or with_all or sure >= grouping.LIKELY):
            continue
        if len(rows) == SHOWN:
            return rows, True
        rows.append(Row(one, proposals, look.count_waiting(one), _recent(one, now)))
    return rows, len(groups) > LOOKED_AT


def _recent(group: Group, now: Any) -> list[tuple[str, int]]:
    """How often in the weeks that count: this one, the last, and before."""
    this = questions.monday_of(now)
    counted = Counter[str]()
    for monday, count in group.weeks.items():
        ago = (this - monday).days // 7
        counted["今週" if ago <= 0 else "先週" if ago == 1 else "その前"] += count
    return [(name, counted[name]) for name in ("今週", "先週", "その前") if counted[name]]


async def show_one(request: Request) -> Response:
    """`GET /words/one?word=`: choose another entry, or add one."""
    page, asked = request.state.page, request.query_params
    look = await page.read(_look)
    group = await _find_group(look, asked.get("word", ""))
    if group is None:
        raise HTTPException(404)
    return _show_one(page, look, group, {"q": asked.get("q", "")})


async def _find_group(look: Look, word: str) -> Group | None:
    groups = await asyncio.to_thread(grouping.group, look.asked, load_reader())
    return next((one for one in groups if word in one.words), None)


def _show_one(
    page: Any, look: Look, group: Group, typed: dict[str, str], faults: dict[str, str] | None = None
) -> Response:
    search = page.plugin.state.search
    query = typed.get("q", "").strip()[: additions.LONGEST]
    found = [entry for entry, _ in search.rank(query or group.word, FOUND)]
    if query:
        soft = fold(query)
        inside = [entry for entry in search.dictionary.entries if soft in fold(entry.name)]
        found = list({entry.id: entry for entry in [*inside[:FOUND], *found]}.values())[:FOUND]
    return page.render(
        "console/word.html",
        422 if faults else 200,
        row=Row(group, (), look.count_waiting(group), _recent(group, page.now)),
        found=found,
        query=query,
        typed={"name": group.word, **typed},
        faults=faults or {},
        categories=[(one, one) for one in search.dictionary.categories if one],
        at=page.path("/console/garbage_bot/words"),
    )


async def decide(request: Request) -> Response:
    """`POST /words` and `/words/one`: what the button says, about the group of a word."""
    page = request.state.page
    async with request.form() as form:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
    do, _, rest = typed.get("do", "").partition(":")
    look = await page.read(_look)
    if do == "undo":
        number = int(rest) if rest.isdecimal() and len(rest) < 16 else 0
        if not await page.write(adopting.take_back, page, number):
            return await _show(page, look, fault="これは、もう取り消してあります。")
        return _done(page, "undone")
    group = await _find_group(look, typed.get("word", ""))
    if group is None:
        return await _show(page, look, fault=GONE)
    if do == "ignore":
        await page.write(adopting.ignore, page, group)
    elif do == "adopt":
        entry = _chosen(page.plugin.state.search.dictionary, rest)
        if entry is None:
            words = "一覧が変わりました。この品目は、もうありません。もう一度えらんでください。"
            return await _show(page, look, fault=words)
        await page.write(adopting.adopt, page, group, entry)
    elif do == "entry":
        if faults := _check(page.plugin.state.search.dictionary, typed):
            return _show_one(page, look, group, typed, faults)
        texts = [typed.get(name, "").strip() for name in ("name", "category", "note")]
        await page.write(adopting.add_entry, page, group, *texts)
    else:
        raise HTTPException(404)
    return _done(page, "saved")


def _done(page: Any, said: str) -> Response:
    return RedirectResponse(page.path(f"/console/garbage_bot/words?done={said}"), 303)


def _chosen(dictionary: Dictionary, told: str) -> Entry | None:
    """The entry of a button: its id and name, for the ids change with the list."""
    id, _, name = told.partition("\t")
    entry = dictionary.get(id)
    return entry if entry is not None and entry.name == name else None


def _check(dictionary: Dictionary, typed: dict[str, str]) -> dict[str, str]:
    """What is wrong with a new entry."""
    name, faults = typed.get("name", "").strip(), dict[str, str]()
    if not name:
        faults["name"] = "品名を書いてください。"
    elif len(name) > additions.LONGEST:
        faults["name"] = f"品名は{additions.LONGEST}文字までです。"
    elif any(fold(entry.name) == fold(name) for entry in dictionary.entries):
        faults["name"] = "この品名は、もう一覧にあります。上でさがして、えらんでください。"
    if typed.get("category", "") not in dictionary.categories or not typed.get("category"):
        faults["category"] = "分別区分をえらんでください。"
    if len(typed.get("note", "")) > 1000:
        faults["note"] = "出し方は1000文字までです。"
    return faults


async def _export(page: Any, look: Look) -> Response:
    rows = await page.read(questions.find_all)
    await page.write(page.audit, "garbage.export", "garbage:questions", {"count": len(rows)})
    made = await asyncio.to_thread(_write_log, page.plugin.state.search, look, rows)
    name = f"garbage-questions-{page.now.astimezone(JST):%Y%m%d}.tsv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="text/tab-separated-values; charset=utf-8", headers=headers)


def _write_log(search: Any, look: Look, rows: Sequence[Any]) -> bytes:
    words = {additions.plain(one.word): one for one in look.more if one.kind == additions.WORD}
    ignored, counted = look.ignored, Counter((row.kind, row.text) for row in rows)
    lines = []
    for (kind, text), count in counted.most_common():
        plain = additions.plain(grouping.name_thing(text))
        told = words.get(plain)
        entry = Entry("", told.name, told.category) if told else None
        lines.append((kind, text, count, entry, plain in ignored))
    return write_log(lines)
