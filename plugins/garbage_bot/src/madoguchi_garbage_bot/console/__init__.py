"""The pages of staff: the list that is live, and the words that had no answer.

* `list_pages` ごみの一覧: look at a file, see what it changes, switch to it, go back
* `word_pages` 答えられなかった言葉: the groups, and what staff decide about each
"""

from madoguchi import Permission
from madoguchi_console import ConsolePage
from madoguchi_garbage_bot.console import list_pages, word_pages

LIST, WORDS = "garbage_bot.list", "garbage_bot.words"
POST = ("POST",)
AUDIT_WORDS = {  # nosay
    "garbage": "ごみの一覧",
    "garbage.upload": "一覧を調べた",
    "garbage.switch": "一覧を切り替えた",
    "garbage.adopt": "言葉の答えを決めた",
    "garbage.entry": "品目を足した",
    "garbage.ignore": "ごみではないとした",
    "garbage.undo": "決めたことを取り消した",
    "garbage.export": "質問の記録をファイルに出した",
    "instead_of": "前の一覧",
    "entries": "品目の数",
}


def build_pages() -> list[ConsolePage]:
    """All of them."""
    return [
        ConsolePage("/list", list_pages.show, LIST, menu="ごみの一覧"),  # nosay
        ConsolePage("/list", list_pages.take, LIST, POST),
        ConsolePage("/list/{number:int}", list_pages.show_one, LIST),
        ConsolePage("/list/{number:int}", list_pages.switch, LIST, POST),
        ConsolePage("/words", word_pages.show, WORDS, menu="ごみの質問"),  # nosay
        ConsolePage("/words", word_pages.decide, WORDS, POST),
        ConsolePage("/words/one", word_pages.show_one, WORDS),
        ConsolePage("/words/one", word_pages.decide, WORDS, POST),
    ]


def build_permissions() -> list[Permission]:
    """What somebody may do in a section."""
    return [  # nosay
        Permission(LIST, "ごみの一覧を切り替えることができ"),
        Permission(WORDS, "ごみの質問の答えを決めることができ"),
    ]
