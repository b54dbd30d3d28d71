"""What a city's file may hold: its tables, each key with its type and what it means."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from madoguchi.mistakes import FromEnvironment


@dataclass(frozen=True, slots=True)
class _FromEnvironment:
    """Refuses what stands in the file itself."""

    wants_environment: ClassVar[bool] = True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_require_secret, handler(source))


def _require_secret(value: Any) -> Any:
    if isinstance(value, FromEnvironment):
        return value
    raise ValueError('a secret never stands in the file; write { env = "NAME" }')


def _starts_with(*beginnings: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not value.startswith(beginnings):  # empty: see `read_gateway(unset="")`
            raise ValueError(f"has to begin with {' or '.join(beginnings)}")
        return value

    return AfterValidator(check)


def _require_digits(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", value):
        raise ValueError('write the digits of the channel\'s number, such as "1234567890"')
    return value


def _require_liff_id(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}-[A-Za-z0-9]{1,20}", value):
        raise ValueError("write the id that the LINE Developers console shows: 1234567890-AbcdEfgh")
    return value


def _require_mail(value: str) -> str:
    if value and not re.fullmatch(r"[^@\s<>,;\"]+@[A-Za-z0-9.-]+", value):
        raise ValueError("write a mail address, such as line@city.example.jp")
    return value


Secret = Annotated[str, _FromEnvironment()]
"""A text that must come from the environment."""
Site = Annotated[str, _starts_with("https://", "http://")]
"""An address of the web."""
BaseSite = Annotated[Site, AfterValidator(lambda value: value.rstrip("/"))]
"""An address to which paths are added."""
LiffId = Annotated[str, AfterValidator(_require_liff_id)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_APOLOGY = Field(title="うまくいかなかったときのことば")  # nosay


class CityTable(_Strict):
    """`[city]`: what residents read about their city."""

    label: Annotated[Text, Field(title="市の名前")]  # nosay
    """The city's name."""
    phone: Annotated[Text, Field(title="電話番号")]  # nosay
    """The telephone number that is offered wherever the bot cannot help."""
    hours: Annotated[Text, Field(title="電話に出られる時間")]  # nosay
    """When somebody answers that telephone."""
    site: Annotated[Site | None, Field(title="市のホームページ")] = None  # nosay
    """The address of the city's own site."""
    greeting: Annotated[Text, Field(title="友だち追加のあいさつ")]  # nosay
    """What a resident reads first, after adding the account."""
    fallback: Annotated[Text, Field(title="答えられないときのことば")]  # nosay
    """What is said when nobody could answer; telephone, hours and site are added."""
    apology: Annotated[Text, _APOLOGY] = (
        "申しわけありません。うまくいきませんでした。お電話でお問い合わせください。"
    )
    """What is said when a plugin failed."""


class DrillTable(_Strict):
    """`[line.drill]`: another channel, for drills (訓練). Its friends alone get them."""

    channel_id: Annotated[str, AfterValidator(_require_digits)]
    """The number of the Messaging API channel for drills."""
    channel_secret: Secret
    """Signs its webhooks, which LINE sends to `/{gateway}/drill/webhook`."""
    access_token: Secret | None = None
    """A long-lived channel access token of that channel."""
    platform: Site | None = None
    """One base URL that plays every LINE host: the simulator's."""


class LineTable(_Strict):
    """`[line]`: the channel. Without `access_token`, stateless tokens are issued (R52)."""

    channel_id: Annotated[str, AfterValidator(_require_digits)]
    """The Messaging API channel's number."""
    channel_secret: Secret
    """Signs LINE's webhooks."""
    access_token: Secret | None = None
    """A long-lived channel access token."""
    liff: list[LiffId] = []
    """LIFF ids under which LINE opens the residents' pages; links use the first (R63)."""
    login_secret: Secret | None = None
    """Secret of the LIFF apps' Login channel: with it, `madoguchi connect` looks at them itself."""
    platform: Site | None = None
    """One base URL that plays every LINE host: the simulator's."""
    drill: DrillTable | None = None
    """The channel for drills; without it there are none."""

    @model_validator(mode="after")
    def _require_another_channel(self) -> Self:
        drill = self.drill
        if drill is None:
            return self
        keys = ("channel_id", "channel_secret", "access_token")
        both = [(getattr(self, key), getattr(drill, key)) for key in keys]
        if any(one and one == other for one, other in both):  # empty: `read_gateway(unset="")`
            raise ValueError(
                "[line.drill] is the live channel again; a drill needs a channel of its own"
            )
        return self


class StoreTable(_Strict):
    """`[store]`: nothing for the embedded parts, URLs for PostgreSQL and Redis."""

    database_url: Annotated[Secret, _starts_with("postgresql://")] | None = None
    """`postgresql://…`, this gateway's alone; without it, SQLite files in the data folder."""
    redis_url: Annotated[Secret, _starts_with("redis://", "rediss://", "unix://")] | None = None
    """`redis://…`; without it, an embedded Valkey."""


class DangerTable(_Strict):
    """`[[danger]]`: words after which a telephone number is added to whatever is answered."""

    words: list[Text] = Field(min_length=1, title="ことば")  # nosay
    """Any of these, anywhere in what was typed."""
    answer: Annotated[Text, Field(title="先に出す案内")]  # nosay
    """The message that goes first."""
    except_: list[Text] = Field(default=[], alias="except", title="のぞくことば")  # nosay
    """Words that contain one of `words` and mean something else."""


class MailTable(_Strict):
    """`[mail]`: the city's mail server, for notices to staff. Without the table none are sent."""

    host: str
    """The mail server's name, and `:2525` if its port is not 587 (with `tls`, 465)."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the way there is protected."""
    user: str | None = None
    """The name to log in with."""
    password: Secret | None = None
    """Its password."""
    sender: Annotated[str, AfterValidator(_require_mail)]
    """From whom mails come."""

    @property
    def address(self) -> tuple[str, int]:
        """The server's name and port."""
        name, _, port = self.host.rpartition(":")
        if name and port.isdecimal():
            return name, int(port)
        return self.host, 465 if self.tls == "tls" else 587


class OfficeDayTable(_Strict):
    """`[[office_day]]`: a day on which the offices are closed, or open, although others are not."""

    day: Annotated[date, Field(title="日")]  # nosay
    """The day."""
    label: Annotated[Text, Field(title="なまえ")]  # nosay
    """Why, as staff read it."""
    is_open: Annotated[bool, Field(title="開いている")] = False  # nosay
    """Open, although it is a Saturday or a public holiday."""


class MenuTable(_Strict):
    """`[menu]`: the picture of the rich menu."""

    font: Path | None = None
    """A font file with Japanese letters; without it, one that this machine has is looked for."""


class RetentionTable(_Strict):
    """`[retention]`: after how many days something is forgotten."""

    events: int = Field(30, ge=2, le=90)
    """What LINE sent, typed texts included."""
    places: int = Field(1, ge=1, le=30)
    """Locations that were sent in the chat."""
    unanswered: int = Field(30, ge=1, le=365)
    """Words that nobody could answer, masked."""
    messages: int = Field(30, ge=2, le=90)
    """What was sent to residents."""
    sent: int = Field(400, ge=31, le=800)
    """To whom something was sent, and when."""
    originals: int = Field(30, ge=1, le=365)
    """Photos as they were taken; smaller ones without their place stay with the form."""
    profile: int = Field(90, ge=1, le=365)
    """What residents told about themselves, after they blocked the account."""
    submissions: int | None = Field(None, ge=1, le=3660)
    """Forms that were filled in. Without it they stay until they are erased."""
    audit: int = Field(1096, ge=366, le=3660)
    """The audit log."""
    erasures: int = Field(1096, ge=366, le=3660)
    """That somebody was erased: at least as long as your oldest backup is kept."""


class CityFile(_Strict):
    """Everything a city's file may hold."""

    city: CityTable
    line: LineTable
    public_url: BaseSite | None = None
    """The address under which residents reach the pages; with `liff`, it must be there."""
    secret: Secret | None = None
    """Signs sessions; without it, a key derived from the channel secret does."""
    store: StoreTable = StoreTable()
    retention: RetentionTable = RetentionTable()
    menu: MenuTable = MenuTable()
    mail: MailTable | None = None
    danger: list[DangerTable] = []
    office_day: list[OfficeDayTable] = []
    plugins: dict[str, dict[str, Any]] = {}
    """One table for each plugin that is on; their order ranks offers that are otherwise equal."""

    @model_validator(mode="after")
    def _require_address(self) -> Self:
        if self.line.liff and self.public_url is None:
            raise ValueError(
                '[line] liff needs the address of the pages: public_url = "https://line.city.jp"'
            )
        return self
