"""How the gateway is, in sentences: on everybody's first page, and as mails to administrators.

Administrators get one mail when a trouble begins and one when it is over, however long it lasts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from madoguchi import JST
from madoguchi.inside import Measures, Quota
from madoguchi.mail import queue_mail
from madoguchi_console.models import trouble
from madoguchi_console.people import Staff, administrators, day_of

FROM, UNTIL = 8, 21
"""Hours in which somebody writes something to every city."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing about the gateway. `name` is the same as long as it is the same trouble."""

    name: str
    text: str
    is_good: bool = False
    advice: str = ""


def describe(
    measures: Measures, quota: Quota | None, settings: Any, now: datetime, labels: dict[str, str]
) -> list[Sentence]:
    """What there is to say, troubles first."""
    bad: list[Sentence] = []
    good: list[Sentence] = []
    heard = measures.heard
    hour = now.astimezone(JST).hour
    is_quiet = heard is not None and heard > settings.quiet_minutes * 60
    if is_quiet and FROM <= hour < UNTIL:
        minutes = settings.quiet_minutes
        words = f"LINEから{minutes}分以上、何も届いていません。"
        advice = "LINEの公式アカウントの設定と、サーバーのネットワークを確かめてください。"
        bad.append(Sentence("line", words, advice=advice))
    elif heard is None:
        good.append(Sentence("line", "LINEからは、まだ何も届いていません。", True))
    else:
        good.append(Sentence("line", f"LINEから最後に届いたのは{how_long(heard)}前です。", True))
    if measures.set_aside:
        words = f"処理できなかったメッセージが{measures.set_aside}件あります。"
        bad.append(Sentence("inbox", words, advice="システムの担当に知らせてください。"))
    if measures.due_since is not None and measures.due_since > 300:
        words = f"送れていないメッセージが{measures.due}通あります。"
        advice = f"いちばん古いものは{how_long(measures.due_since)}前です。自動でくり返しています。"
        bad.append(Sentence("outgoing", words, advice=advice))
    if quota is not None and quota.limit:
        percent = quota.used * 100 // quota.limit
        words = f"今月は{quota.limit:,}通のうち{quota.used:,}通（{percent}％）を使いました。"
        if percent >= settings.quota_percent:
            bad.append(Sentence("quota", words, advice="LINEのプランを確かめてください。"))
        else:
            good.append(Sentence("quota", words, True))
    for label, _ in measures.troubled.items():
        words = f"「{label}」が止まっています。"
        bad.append(Sentence(f"stopped {label}", words, advice="システムの担当に知らせてください。"))
    for owner in measures.stale:
        words = f"「{labels.get(owner, owner)}」の新しい設定が使えず、前の設定で動いています。"
        bad.append(Sentence(f"stale {owner}", words, advice="設定のページで前の設定にもどせます。"))
    if measures.mail_stuck:
        words = f"送れないメールが{measures.mail_stuck}通あります。"
        bad.append(Sentence("mail", words, advice="メールサーバーの設定を確かめてください。"))
    if measures.audit_is_broken:
        words = "操作記録の一部が、書きかえられたか、なくなっています。"
        bad.append(Sentence("audit", words, advice="システムの担当に知らせてください。"))
    days, since = settings.backup_days, measures.copied
    if days and (measures.opened if since is None else since) > days * 86400:
        words = "バックアップが、まだ一度もとられていません。"
        if since is not None:
            words = f"最後にバックアップをとってから、{how_long(since)}たちました。"
        bad.append(Sentence("backup", words, advice="システムの担当に知らせてください。"))
    elif since is not None:
        good.append(Sentence("backup", f"最後のバックアップは{how_long(since)}前です。", True))
    if not bad:
        good.insert(0, Sentence("well", "すべて動いています。", True))
    return [*bad, *good]


def how_long(seconds: float) -> str:
    """A duration in words: 「5分」「3時間」「2日」."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "1分以内"
    if minutes < 120:
        return f"{minutes}分"
    return f"{minutes // 60}時間" if minutes < 48 * 60 else f"{minutes // 1440}日"


async def find_sentences(where: Any) -> list[Sentence]:
    """The sentences now, for a page or a job. LINE is not asked: its quota is as last read."""
    inside = where.inside
    labels = {plugin.name: plugin.info.label for plugin in inside.plugins} | {"city": "市の設定"}
    settings, quota = where.plugin.settings, where.plugin.state.quota
    return describe(await inside.measure(), quota, settings, where.now, labels)


async def find_warnings(page: Any, person: Staff) -> list[str]:
    """What this person should do something about, beside the queue."""
    told: list[str] = []
    if person.is_admin:
        count = len(await page.read(administrators, day_of(page.now)))
        if count < 2:
            told.append(
                "管理する人が1人だけです。休みや異動のときに困らないよう、もう1人を登録してください。"
            )
        if not page.inside.mail_is_on:
            told.append("メールサーバーが設定されていないため、お知らせのメールは届きません。")
    if person.may("console.calendar"):
        year = page.inside.office_days.missing_year(page.inside.today)
        if year:
            told.append(f"{year}年の市の休みの日が、まだ登録されていません。")
    return told


async def watch_health(job: Any) -> None:
    """Each minute: tell administrators what begins, and what is over."""
    if job.now.minute % 10 == 0 or job.plugin.state.quota is None:
        job.plugin.state.quota = await job.inside.quota()
    sentences = [one for one in await find_sentences(job) if not one.is_good]
    await job.write(note_troubles, sentences, job.gateway, job.now)


def note_troubles(db: Session, sentences: list[Sentence], city: Any, now: datetime) -> None:
    """Compare with what was told; a trouble is told once it has lasted two looks."""
    known = {row.name: row for row in db.execute(select(trouble)).all()}
    admins = administrators(db, day_of(now))
    present = {one.name: one for one in sentences}
    for name, one in present.items():
        row = known.get(name)
        if row is None:
            values = {"name": name, "sentence": one.text, "since": now}
            db.execute(insert(trouble).values(**values))
        elif not row.told:
            db.execute(update(trouble).where(trouble.c.name == name).values(told=True))
            _tell(
                db,
                admins,
                city,
                f"【お知らせ】{one.text}",
                f"{one.text}\n{one.advice}",
                row,
                "begun",
            )
    for name, row in known.items():
        if name in present:
            continue
        db.execute(delete(trouble).where(trouble.c.name == name))
        if row.told:
            body = f"次のことは、なくなりました。\n{row.sentence}"
            _tell(db, admins, city, f"【解消】{row.sentence}", body, row, "over")


def _tell(
    db: Session, admins: list[Any], city: Any, subject: str, body: str, row: Any, what: str
) -> None:
    for one in admins:
        key = f"console {row.name} {row.since.isoformat()} {what} {one.id}"
        queue_mail(db, one.mail, f"{subject}（{city.label}）", f"{body}\n\n{city.label}", key)
