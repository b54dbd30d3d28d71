"""How a text is read. The analyser is an extra (`ja`): without it there are no readings."""

from collections.abc import Callable, Iterator
from functools import cache
from threading import local

from madoguchi_garbage_bot.folding import fold, is_kana

Read = Callable[[str], Iterator[str]]


def no_readings(text: str) -> Iterator[str]:
    """What a search does without the analyser."""
    return iter(())


@cache
def load_reader() -> Read:
    """`read(text)`: folded readings, the likeliest first. Loads the analyser (0.1 s, 80 MB)."""
    try:
        from sudachipy import Dictionary, SplitMode
    except ImportError:
        return no_readings
    dictionary, own = Dictionary(dict="small"), local()

    def read(text: str) -> Iterator[str]:
        tokenizer = getattr(own, "tokenizer", None)
        if tokenizer is None:  # one for each thread: it works in a buffer of its own
            tokenizer = own.tokenizer = dictionary.tokenizer()
        text = text.encode("utf-8", "ignore").decode()  # no halves of a pair: it refuses them
        for mode in (SplitMode.C, SplitMode.A):
            words = tokenizer.tokenize(text, mode)
            reading = fold("".join(_say(word) for word in words))
            if is_kana(reading):
                yield reading

    return read


def _say(word: object) -> str:
    """A word's reading; marks and letters that have none stay as they are."""
    surface, reading = word.surface(), word.reading_form()  # pyrefly: ignore
    return surface if reading in ("", "キゴウ") or is_kana(fold(surface)) else reading
