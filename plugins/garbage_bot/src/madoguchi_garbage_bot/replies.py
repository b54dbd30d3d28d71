"""What the chat says about things: cards with the category's colour, and buttons to go on."""

from collections.abc import Sequence
from typing import Any

from madoguchi_garbage_bot.choices import Option
from madoguchi_garbage_bot.contact import find_contact, tell_contact
from madoguchi_garbage_bot.dictionary import Entry
from madoguchi_garbage_bot.flex import (
    Part,
    box,
    bubble,
    button,
    choice,
    cut,
    flex,
    open_page,
    say_for,
    tap,
    text,
)
from madoguchi_garbage_bot.keys import key_of
from madoguchi_garbage_bot.phrases import Topic
from madoguchi_garbage_bot.search import Kind, Result
from madoguchi_garbage_bot.things import Thing

MOST_CARDS, MOST_BEHIND = 3, 4
"""Answers shown at once; entries that one button stands for."""
LONGEST_NOTE, LONGEST_ASKED = 400, 24
SIGNS = {
    "burn": "▲",
    "unburn": "■",
    "plastic": "♻",
    "bottle": "●",
    "pet": "◆",
    "paper": "▤",
    "large": "★",
    "hazard": "⚠",
    "none": "✕",
    "refused": "✕",
}
"""The pictures of categories where only letters can stand; emoji are missing on many machines."""
QUESTIONS = ("どんな素材ですか。", "大きさはどのくらいですか。", "どれですか。")
"""What `choices.question_for` asks, for the catalogs."""
TODAY = "今日は何ごみ？"
DOT = "・"  # nosay
TOPICS = {
    Topic.DAYS: "集める日は、「今日は何ごみ？」「次のプラスチックは？」のように聞いてください。",
    Topic.BAGS: "ごみの袋のことは、お電話でおたずねください。",
    Topic.BULKY: "大きいごみの申し込みは、お電話でおたずねください。",
    Topic.SERVICE: ("分け方は、物の名前を送ってください。ほかのことは、お電話でおたずねください。"),
}


def tell_result(ctx: Any, result: Result, asked: str) -> Part:
    """An answer, a question back, or several of them."""
    if result.kind is Kind.CHOICE:
        return _message(ctx, [_ask(ctx, result)])
    if result.kind is Kind.SEVERAL:
        cards = [_card(ctx, part, part.thing) for part in result.parts[:MOST_CARDS]]
        more = [part.thing for part in result.parts[MOST_CARDS:]]
        return _message(ctx, [*cards, *([_more(ctx, more)] if more else [])])
    return _message(ctx, [_answer(ctx, result.entries, asked)])


def tell_chosen(ctx: Any, entries: Sequence[Entry], asked: str) -> Part:
    """What was chosen with a button: one entry, or several that one button stood for."""
    cards = [_answer(ctx, [entry], asked) for entry in entries[:MOST_CARDS]]
    more = [ctx.say(_see(ctx, entry).name) for entry in entries[MOST_CARDS:]]
    return _message(ctx, [*cards, *([_more(ctx, more)] if more else [])])


def tell_guesses(ctx: Any, entries: Sequence[Entry], asked: str, number: int) -> Part:
    """What may have been meant; nothing is said about it before it is chosen."""
    first = ctx.say("「{thing}」は、一覧に見つかりませんでした。", thing=cut(asked, 60))
    perhaps = ctx.say("もしかして、この中にありますか。")
    names = [ctx.say(_see(ctx, entry).name) for entry in entries]
    taps = [
        choice(name, tap(name, "item", id=key_of(entry), q=_short(asked)))
        for name, entry in zip(names, entries, strict=True)
    ]
    alt = "\n".join([first, perhaps, *_dotted(names), "", *_contact(ctx)])
    card = bubble([text(first), text(perhaps, weight="bold"), *taps], _ways_on(ctx, number))
    return flex(alt, [card])


def tell_nothing(ctx: Any, asked: str, number: int) -> Part:
    """Honestly nothing, and the ways on."""
    first = ctx.say("「{thing}」は、一覧に見つかりませんでした。", thing=cut(asked, 60))
    then = ctx.say("一覧から探すか、お電話でおたずねください。")
    return _with_ways(ctx, [text(first, weight="bold"), text(then)], [first, then], number)


def tell_corrected(ctx: Any, others: Sequence[Entry], asked: str, number: int) -> Part:
    """Thanks for saying that an answer was wrong, what else may be meant, and the ways on."""
    first = ctx.say("教えてくださり、ありがとうございます。担当の職員が見直します。")
    said, parts = [first], [text(first)]
    if others:
        perhaps = ctx.say("もしかして、この中にありますか。")
        names = [ctx.say(_see(ctx, entry).name) for entry in others]
        parts.append(text(perhaps, weight="bold"))
        parts += [
            choice(name, tap(name, "item", id=key_of(entry), q=_short(asked)))
            for name, entry in zip(names, others, strict=True)
        ]
        said += [perhaps, *_dotted(names)]
    return _with_ways(ctx, parts, said, number)


def tell_topic(ctx: Any, topic: Topic) -> Part:
    """About garbage, and about no thing."""
    words = ctx.say(TOPICS[topic])
    if topic is Topic.DAYS:
        today = ctx.say(TODAY)
        foot = [button(say_for(today, TODAY), "primary"), *_list_button(ctx)]
        return flex(words, [bubble([text(words)], foot)])
    return _with_ways(ctx, [text(words)], [words])


def tell_kind(ctx: Any, number: int) -> Part:
    """How a category is prepared, and all that belongs to it."""
    catalogue = ctx.plugin.state.catalogue
    kind = catalogue.kinds[number]
    category = catalogue.category_of(kind)
    shown = Thing(Entry("", kind, kind), category)
    name, prepare = ctx.say(shown.kind), ctx.say(shown.prepare)
    url = ctx.liff_url(f"garbage_bot/list/kind/{number}")
    page = open_page(ctx.say("この種類の物を見る"), url)
    parts = [_band(shown, name), text(prepare) if prepare else None]
    alt = "\n".join(filter(None, [name, prepare]))
    return flex(alt, [bubble(parts, [button(page, "primary")] if page else [])])


def tell_gone(ctx: Any) -> str:
    """A button that is older than the list."""
    return ctx.say("一覧が新しくなりました。物の名前を、もう一度送ってください。")


def tell_how(ctx: Any) -> Part:
    """How to ask, and other ways."""
    title = ctx.say("捨てたい物の名前を送ってください。")
    examples = ctx.say("例：電池\n例：壊れた傘\n例：布団と毛布")
    today, area = ctx.say(TODAY), ctx.say("地区をえらぶ")
    foot = [*_list_button(ctx, "primary"), button(say_for(today, TODAY))]
    if "area" in ctx.plugin.postbacks:
        foot.append(button(tap(area, "area")))
    card = bubble([text(title, weight="bold"), text(examples)], foot)
    return flex(f"{title}\n{examples}", [card])


# The cards; each with the words that it says, for those who cannot see it.


def _message(ctx: Any, cards: Sequence[tuple[Part, str]]) -> Part:
    return flex("\n\n".join(said for _, said in cards), [card for card, _ in cards])


def _card(ctx: Any, part: Result, asked: str) -> tuple[Part, str]:
    return _ask(ctx, part) if part.kind is Kind.CHOICE else _answer(ctx, part.entries, asked)


def _answer(ctx: Any, entries: Sequence[Entry], asked: str) -> tuple[Part, str]:
    thing = _see(ctx, entries[0])
    name, kind = ctx.say(thing.name), ctx.say(thing.kind)
    how = cut(ctx.say(thing.note) or ctx.say(thing.prepare), LONGEST_NOTE)
    fee = ctx.say(thing.fee)
    fee = ctx.say("料金：{fee}", fee=fee) if fee else ""
    others = [ctx.say(_see(ctx, one).name) for one in entries[1:MOST_CARDS]]
    same = ctx.say("「{others}」も、同じ種類です。", others=DOT.join(others)) if others else ""
    ask = "" if thing.entry.category else ctx.say("お電話でおたずねください。")
    contact = _contact(ctx) if ask else []
    lines = [how, fee, same, "\n".join(filter(None, [ask, *contact]))]
    details = open_page(
        ctx.say("くわしく"), ctx.liff_url(f"garbage_bot/item/{key_of(thing.entry)}")
    )
    wrong = tap(ctx.say("ちがう"), "wrong", id=key_of(thing.entry), q=_short(asked))
    card = bubble(
        [
            text(name, weight="bold", size="xl"),
            _band(thing, kind),
            *(text(line) for line in lines if line),
        ],
        [*([button(details, "primary")] if details else []), button(wrong)],
    )
    return card, "\n".join(filter(None, [name, kind, *lines]))


def _ask(ctx: Any, result: Result) -> tuple[Part, str]:
    title = ctx.say("「{thing}」", thing=cut(result.thing, 60))
    question = ctx.say(result.question)
    labels = [_label(ctx, option) for option in result.options]
    taps = [
        choice(label, tap(label, "item", **_keys(option.entries), q=_short(result.thing)))
        for label, option in zip(labels, result.options, strict=True)
    ]
    said = "\n".join([title, question, *_dotted(labels)])
    return bubble([text(title, weight="bold"), text(question), *taps]), said


def _more(ctx: Any, things: Sequence[str]) -> tuple[Part, str]:
    words = ctx.say("ほかの物は、1つずつ送ってください。")
    names = "\n".join(_dotted(things))
    return bubble([text(words), text(names)], _list_button(ctx)), f"{words}\n{names}"


def _label(ctx: Any, option: Option) -> str:
    """The option's own words; for who reads another language, the entry's name in it."""
    language = ctx.resident.language if ctx.resident else None
    entry = option.entries[0]
    if len(option.entries) == 1 and f"name.{language}" in entry.texts:
        return str(ctx.say(_see(ctx, entry).name))
    return option.label


def _band(thing: Thing, words: str) -> Part:
    sign = SIGNS.get(thing.picture, "")
    shown = text(f"{sign} {words}".strip(), color=thing.ink, weight="bold")
    return box(shown, backgroundColor=thing.colour, cornerRadius="md", paddingAll="md")


# The ways on.


def _with_ways(
    ctx: Any, parts: Sequence[Part | None], said: Sequence[str], number: int | None = None
) -> Part:
    contact = _contact(ctx)
    whom = text("\n".join(contact), size="sm")
    card = bubble([*parts, whom], _ways_on(ctx, number))
    return flex("\n".join([*said, "", *contact]), [card])


def _ways_on(ctx: Any, number: int | None = None) -> list[Part]:
    contact = find_contact(ctx.plugin.config, ctx.gateway)
    call = open_page(ctx.say("電話する"), contact.dial)
    buttons = [*_list_button(ctx, "primary"), *([button(call)] if call else [])]
    if number is not None and "tell" in ctx.plugin.postbacks:
        buttons.append(button(tap(ctx.say("わかったら教えてもらう"), "tell", id=str(number))))
    return buttons


def _list_button(ctx: Any, style: str = "link") -> list[Part]:
    page = open_page(ctx.say("一覧から探す"), ctx.liff_url("garbage_bot/list"))
    return [button(page, style)] if page else []


def _contact(ctx: Any) -> list[str]:
    return tell_contact(find_contact(ctx.plugin.config, ctx.gateway), ctx.say).split("\n")


def _see(ctx: Any, entry: Entry) -> Thing:
    return ctx.plugin.state.catalogue.see(entry)


def _dotted(names: Sequence[str]) -> list[str]:
    return [DOT + name for name in names]


def _short(asked: str) -> str:
    """What a button remembers of the question."""
    return asked.strip()[:LONGEST_ASKED]


def _keys(entries: Sequence[Entry]) -> dict[str, str]:
    names = ("id", *(f"id{n}" for n in range(2, MOST_BEHIND + 1)))
    return {name: key_of(entry) for name, entry in zip(names, entries, strict=False)}
