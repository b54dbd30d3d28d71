"""A city's first weeks, replayed: what staff adopt from the console's proposals is answered.

The log is made of questions about things of the shared sets. 40 % of it are all those that a search
misses which has neither a table of synonyms nor an analyser, as in the first week of a city; 60 %
are others, picked evenly. Our own search then keeps what it does not answer, and what residents
call wrong; in each group a person sees the proposals of the page (three at most) and adopts the
first that is right for it, or none. Nobody searches the list by hand and nobody adds an entry: that
would answer the rest, too.
"""

from datetime import UTC, datetime

import pytest

from madoguchi_garbage_bot.dictionary import load_dictionary
from madoguchi_garbage_bot.evaluating import evaluate, read_queries
from madoguchi_garbage_bot.grouping import Asked, group, is_open, name_thing, propose
from madoguchi_garbage_bot.readings import load_reader, no_readings
from madoguchi_garbage_bot.search import Search
from madoguchi_garbage_bot.synonyms import Synonyms

NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
CITIES = {"tsu": "tsu/original.csv", "takamatsu": "takamatsu/0074.csv"}


def score(search, log):
    """The share that is answered for sure and right, and the questions that are not."""
    _, missed = evaluate(search, log)
    wrong = {id(one.query): one.result for one in missed}
    bad = [one for one in log if id(one) in wrong or not search.ask(one.text).sure]
    return 1 - len(bad) / len(log), bad


def weigh(asked, bare):
    """A log of which 40 % are missed by the bare search."""
    _, missed = score(bare, asked)
    known = {id(one) for one in missed}
    answered = [one for one in asked if id(one) not in known]
    many = round(len(missed) * 1.5)
    return missed + [answered[n * len(answered) // many] for n in range(many)]


def keep(search, missed):
    """What the chat keeps of these questions."""
    for number, one in enumerate(missed, 1):
        result = search.ask(one.text)
        kind = "wrong" if result.sure else str(result.kind)
        entry = result.entries[0].id if result.sure else ""
        yield Asked(number, NOW, one.text, kind, entry)


def adopt(search, groups, missed):
    """The words that a person would adopt who looks at the three proposals of each group."""
    for one in groups:
        if not is_open(search, one, set()):
            continue
        asked = [missed[number - 1] for number in one.numbers]
        for entry, _ in propose(search, one):
            right = [q for q in asked if entry.id in q.groups[0].ids or entry.name in q.names]
            if len(right) * 2 > len(asked):
                yield from ((word, entry.name, entry.category) for word in one.words)
                break


@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_after_the_proposals_are_adopted_nine_of_ten_are_answered(shared, city):
    file = shared / "garbage" / CITIES[city]
    dictionary = load_dictionary(file.read_bytes(), file.name).dictionary
    table = (shared / "garbage_queries" / f"{city}.tsv").read_text("utf-8-sig")
    log = [one for one in read_queries(table) if one.expect == "item" and not one.ambiguous]
    log = weigh(log, Search(dictionary, Synonyms(), no_readings))
    search = Search(dictionary)
    before, missed = score(search, log)
    groups = group(list(keep(search, missed)), load_reader())
    words = list(adopt(search, groups, missed))
    after, left = score(search.teach(words), log)
    print(f"{city}: {len(log)} questions, {before:.1%} before, {after:.1%} after;")
    print(
        f"{len(groups)} groups, {len(words)} words; left: {[name_thing(one.text) for one in left]}"
    )
    assert after > 0.9
