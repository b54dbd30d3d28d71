# nosay
"""The way through the steps: with somebody who presses buttons, or only looking."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from madoguchi.answers import Outcome
from madoguchi.clock import Clock
from madoguchi.connecting import account, friends, pages, webhook
from madoguchi.connecting.finding import Case, Finding, Mark, wrong
from madoguchi.drill import client_for
from madoguchi.errors import MadoguchiError
from madoguchi.inspection import pick_city
from madoguchi.line import client_of
from madoguchi.management import LineError

Check = Callable[[Case], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Step:
    """A check, and the checks that have to be right before it makes sense."""

    check: Check
    after: tuple[Check, ...] = ()


IDS = (account.check_secret, account.check_token)
SET = (*IDS, account.check_account, webhook.check_address)
EITHER = (
    Step(account.check_secret),
    Step(account.check_token, (account.check_secret,)),
    Step(account.check_account, IDS),
    Step(webhook.check_address),
    Step(webhook.check_set, SET),
    Step(webhook.check_used, SET),
    Step(webhook.check_test, SET),
    Step(webhook.check_redelivery, IDS),
    Step(account.check_manager, IDS),
)
STEPS = (
    *EITHER,
    Step(account.check_chat, IDS),
    Step(pages.check_pages, (webhook.check_address,)),
    Step(pages.check_app, (webhook.check_address,)),
    Step(pages.check_provider, IDS),
    Step(friends.check_quota, IDS),
    Step(friends.check_verified, IDS),
    Step(friends.check_import, IDS),
)
DRILL = (*EITHER, Step(friends.check_quota, IDS), Step(friends.check_drill_friends))
"""The steps of the account for drills, if the city has one."""

NO_DRILL = Finding(
    Mark.NOTE,
    "訓練用のアカウントは、まだありません。",
    (
        "あると、配信の訓練ができます。訓練は、住民にとどきません。",
        "LINE公式アカウントをもう1つ作り、『Messaging API』を始めます。",
        "その『チャネルID』などを、ファイルの『[line.drill]』に書きます。",
    ),
)

PROVIDER = """
はじめに、『プロバイダー』を確かめます。
『プロバイダー』は、あとから変えられません。
  ・市の名前の『プロバイダー』にします。委託先のものは使いません。
  ・『Messaging API』と『LINEログイン』を、同じものに作ります。
  ・違うものに作ると、画面を開いた人がだれか分かりません。
  ・作り直すと、友だちは引きつげません。
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits there: what they are told, and asked."""

    say: Callable[[str], object]
    confirm: Callable[[str], bool]
    prompt: Callable[[str], str]


async def connect(
    config: Path, data: Path, city: str, url: str | None, person: Person, *, only_look: bool
) -> bool:
    """Walk through the steps of one gateway; whether nothing is wrong at the end."""
    gateway = pick_city(config, city)
    table = gateway.settings.line.drill
    async with client_of(gateway.settings.line, Clock()) as line:
        case = Case(gateway, data, line, url)
        if not only_look and not await _agree(case, person):
            return False
        walk = Walk(person, only_look)
        await walk.go(case, STEPS)
        if table is None:
            walk.show(case, NO_DRILL)
        else:
            async with client_for(table, Clock()) as other:
                await walk.go(case.turn_to_drill(table, other), DRILL)
        return walk.end()


async def _agree(case: Case, person: Person) -> bool:
    """The choice that cannot be undone (R50), agreed to in writing; not again once it is proven."""
    if (await _carry_out(pages.check_provider, case)).mark is Mark.GOOD:
        return True
    person.say(PROVIDER)
    label = case.gateway.settings.city.label
    typed = person.prompt(f"市の『プロバイダー』なら、「{label}」と入れてください")
    if typed.strip() == label:
        return True
    person.say("やめました。何も変えていません。")
    return False


@dataclass(slots=True)
class Walk:
    """One way through the steps of each account."""

    person: Person
    only_look: bool
    wrong: int = 0
    looks: bool = False

    async def go(self, case: Case, steps: Sequence[Step]) -> None:
        """Every step of one account, in order."""
        bad: set[Check] = set()
        for step in steps:
            if bad & set(step.after):
                bad.add(step.check)
                continue
            finding = await _carry_out(step.check, case)
            self.show(case, finding)
            if not self.only_look:
                finding = await self._settle(case, step.check, finding)
            if finding.mark is Mark.WRONG:
                bad.add(step.check)
            self.looks = self.looks or finding.mark is Mark.LOOK
        self.wrong += len(bad)

    def end(self) -> bool:
        """Say how it stands; whether nothing is wrong."""
        said = "つながりました。"
        if self.wrong:
            said = f"まだ{self.wrong}件あります。直して、もう一度実行します。"
        eyes = "？の行は、目で確かめます。" if self.looks and self.only_look else ""
        self.person.say(f"\n{said}{eyes}")
        return not self.wrong

    def show(self, case: Case, finding: Finding) -> None:
        """Say what was found, and what to press."""
        whose = "訓練用：" if case.drill else ""
        self.person.say(f"{finding.mark} {whose}{finding.text}")
        for line in finding.press:
            self.person.say(f"    {line}")

    async def _settle(self, case: Case, check: Check, finding: Finding) -> Finding:
        """Until it is right, or left for later."""
        while finding.mark is Mark.WRONG:
            if finding.repair is not None and self.person.confirm(f"  {finding.repair.question}"):
                try:
                    await finding.repair.do()
                except MadoguchiError as error:
                    self.person.say(f"    {error}")
            elif (
                self.person.prompt(
                    "  画面で直したら Enter、ファイルで直すか、あとにするなら s"
                ).strip()
                == "s"
            ):
                return finding
            finding = await _carry_out(check, case)
            self.show(case, finding)
        if finding.mark is Mark.LOOK and not self.person.confirm("  見ました。そのとおりです"):
            return Finding(Mark.WRONG, finding.text, finding.press)
        return finding


async def _carry_out(check: Check, case: Case) -> Finding:
    """What a check finds; what LINE refuses is a finding too."""
    try:
        return await check(case)
    except LineError as error:
        match error.answer.outcome:
            case Outcome.UNAUTHORIZED:
                return wrong(
                    "途中で、『チャネルアクセストークン』が使えなくなりました。",
                    "もう一度、はじめから実行します。",
                )
            case Outcome.RETRY:
                return wrong("LINEから返事がありません。", "少し待って、もう一度実行します。")
            case Outcome.SLOW_DOWN:
                return wrong(
                    "LINEに、少し待つよう言われました。", "1分待って、もう一度実行します。"
                )
        return wrong("LINEに断られました。", str(error))
