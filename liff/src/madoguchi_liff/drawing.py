"""A question as templates see it: what a field's `Control` says, with ids, errors and words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from madoguchi.forms import Asking, Control, Field, Mistake, Option, options_of
from madoguchi.languages import Words

Say = Callable[..., Markup]


@dataclass(frozen=True, slots=True)
class Group:
    """One of the groups of a `Repeat`."""

    heading: Markup
    questions: Sequence["Drawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A question on a page. `name` is what its inputs are called, and `name.part`."""

    name: str
    words: Words
    heading: Markup
    help: Markup | str
    optional: bool
    control: Control
    level: int
    """1: its words are the page's heading; 2: inside of a group; 3: said above already."""
    error: Markup | str = ""
    wrong: str = ""
    """The part that is wrong."""
    groups: Sequence[Group] = ()
    can_look_up: bool = False
    example: str = ""
    media: Callable[[str], str] = str
    """The address of a photo by its number."""
    instead: Sequence[Option] = ()
    """What a refusal offers where the question itself has nothing to choose from."""

    @property
    def id(self) -> str:
        """The id of its first input."""
        return self.id_of("")

    @property
    def target(self) -> str:
        """Where a link in the summary of errors leads."""
        inner = [one for group in self.groups for one in group.questions]
        for one in inner:
            if one.error:
                return one.target
        if inner:
            return inner[0].target
        names = [part.name for part in self.control.parts]
        return self.id_of(self.wrong if self.wrong in names else (names or [""])[0])

    def name_of(self, part: str) -> str:
        """The name of an input."""
        return f"{self.name}.{part}" if part else self.name

    def id_of(self, part: str) -> str:
        """The id of an input."""
        return "f-" + self.name_of(part).replace(".", "-")

    def is_wrong(self, part: str) -> bool:
        """Whether this input is what the error is about."""
        return bool(self.error) and (not self.wrong or part == self.wrong)


def draw(
    field: Field,
    asking: Asking,
    say: Say,
    *,
    mistake: Mistake | None = None,
    media: Callable[[str], str] = str,
    level: int = 1,
    offered: Sequence[Any] = (),
) -> Drawn:
    """A question with what was given or is stored, and what was wrong with it.

    `offered` are the options of a refusal: they take the place of the question's own.
    """
    asking = asking.having(say=say)  # labels with ruby
    control, instead = field.page(asking), list[Option]()
    if offered and (control.options or control.template):
        control = replace(control, options=options_of(offered, asking))
    elif offered:
        instead = options_of(offered, asking)
    drawn = _drawn(field, field.name, control, asking, say, mistake, media, level)
    return replace(drawn, instead=instead)


def _drawn(
    field: Field,
    name: str,
    control: Control,
    asking: Asking,
    say: Say,
    mistake: Mistake | None,
    media: Callable[[str], str],
    level: int,
) -> Drawn:
    groups = _groups(field, name, control, asking, say, mistake, media)
    is_inner = any(one.error for group in groups for one in group.questions)
    error = say(mistake.text, **mistake.values) if mistake and not is_inner else ""
    today = asking.today
    return Drawn(
        name=name,
        words=field.question,
        heading=say(field.question),
        help=say(field.help) if field.help else "",
        optional=field.optional,
        control=control,
        level=level,
        error=error,
        wrong=mistake.part if mistake and not is_inner else "",
        groups=groups,
        can_look_up=getattr(field, "lookup", None) is not None,
        example=say("{year}年、または令和{era}年", year=today.year, era=today.year - 2018),
        media=media,
    )


def _groups(
    field: Field,
    name: str,
    control: Control,
    asking: Asking,
    say: Say,
    mistake: Mistake | None,
    media: Callable[[str], str],
) -> list[Group]:
    found = []
    each = getattr(field, "each", "{n}")
    for number, group in enumerate(control.groups, 1):
        questions = []
        for one in group:
            inner = mistake and _within(mistake, one.name)
            drawn = _drawn(
                one.field, f"{name}.{one.name}", one.control, asking, say, inner, media, 2
            )
            questions.append(drawn)
        found.append(Group(say(each, n=number), questions))
    return found


def _within(mistake: Mistake, name: str) -> Mistake | None:
    """The mistake as the question of this name sees it; None if it is about another."""
    if mistake.part != name and not mistake.part.startswith(f"{name}."):
        return None
    return Mistake(mistake.text, mistake.part[len(name) + 1 :], **mistake.values)
