"""The rows of お知らせの受け取り設定: each optional, each saved at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from madoguchi.forms import Birthdate, Choice, Choices, Form, Option, Purpose, Repeat
from madoguchi_segment.items import Area, Item, offered
from madoguchi_segment.settings import Settings

NAME = "settings"
TITLE = "お知らせの受け取り設定"
LIVING = {"in": "市内に住んでいる", "out": "市外に住んでいる"}
SEX = {"female": "女性", "male": "男性", "unsaid": "答えない"}
CHILDREN = 10


def build_form(
    settings: Settings,
    current: Callable[..., Mapping[str, Any]],
    save: Callable[..., Any],
    tell: Callable[..., Sequence[str]] | None = None,
) -> Form:
    """The list of rows that these settings ask for."""
    purpose = settings.purpose
    return Form(
        NAME,
        TITLE,
        [
            Choices(
                "topics",
                "受け取りたいお知らせ",
                options=options_of(settings.topics),
                least=0,
                optional=True,
                help="えらんだものだけが届きます。いつでも変えられます。",
            ),
            *_rows(settings),
        ],
        on_submit=save,
        purpose=Purpose(
            what="えらんだお知らせの種類、お住まいの地域、年齢、性別、お子さんの生年月日",
            why=purpose.why,
            how_long=purpose.how_long,
            who=purpose.who,
        ),
        layout="list",
        current=current,
        tells=tell,
    )


def _rows(settings: Settings) -> Iterator[Any]:
    if "living" in settings.rows:
        yield Choice(
            "living",
            "お住まいは市内ですか",
            options=LIVING,
            optional=True,
            personal=True,
            help="市内の方だけに送るお知らせがあります。",
        )
    if "area" in settings.rows and offered(settings.areas):
        yield Choice(
            "area",
            "お住まいの地域",
            options=options_of(settings.areas),
            optional=True,
            personal=True,
            help="地域のお知らせと、学校区のお知らせを送るためです。",
        )
    if "age" in settings.rows and offered(settings.ages):
        yield Choice(
            "age",
            "年齢",
            options=options_of(settings.ages),
            optional=True,
            personal=True,
            help="健診など、年齢で決まるお知らせを送るためです。",
        )
    if "sex" in settings.rows:
        yield Choice(
            "sex",
            "性別",
            options=SEX,
            optional=True,
            personal=True,
            help="検診など、性別で決まるお知らせだけに使います。",
        )
    if "children" in settings.rows:
        yield Repeat(
            "children",
            "お子さんの生年月日",
            fields=[Birthdate("birthdate", "生年月日")],
            each="{n}人目のお子さん",
            counted="お子さん{count}人",
            most=CHILDREN,
            optional=True,
            help="健診や予防接種、入学のお知らせを送るためです。",
        )


def options_of(items: Sequence[Item]) -> list[Option]:
    """What residents can choose now."""
    return [Option(item.id, item.label, item.hint or _school(item)) for item in offered(items)]


def _school(item: Item) -> str | None:
    """What follows from an area is said where it is chosen, because nobody is asked for it."""
    return item.school if isinstance(item, Area) else None
