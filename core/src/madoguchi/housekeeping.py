"""The gateway's own jobs: forgetting, finishing erasures, reading LINE's list and counts."""

from datetime import timedelta

from madoguchi import audit, care, followers, mail, privacy, retention
from madoguchi.jobs import JobContext, forget_runs
from madoguchi.menu import publishing, taps
from madoguchi.schedules import Daily, Every
from madoguchi.types import Job

RUNS_KEPT = timedelta(days=90)


async def _forget(job: JobContext) -> None:
    """Forget what is older than this city keeps it."""
    office = job._services.office
    kinds = retention.kinds(office.gateway.settings.retention, office.plugins.well())
    await retention.forget_due(job.write, kinds, job.now)
    await retention.tidy_orders(office.store, job.write)
    await job.write(forget_runs, job.now - RUNS_KEPT)
    await job.write(mail.forget_mails, job.now)
    await job.write(followers.forget_readings, job.now - RUNS_KEPT)


async def _erase(job: JobContext) -> None:
    """Go on with erasures that a plugin failed in."""
    await privacy.finish_erasures(job._services.office)


async def _scrub(job: JobContext) -> None:
    """Leave nothing of what was deleted in the SQLite files."""
    await retention.scrub(job._services.office.store, job.write)


async def _read_followers(job: JobContext) -> None:
    """Read LINE's follower list (R49): each night, and on where it was held up."""
    if followers.is_due(await job.read(followers.last_reading), job.now):
        s = job._services
        await followers.reader_of(s.office, job.write, s.client, s.clock).read_on(patience=600)


async def _verify_audit(job: JobContext) -> None:
    """Follow the chain of the audit log; staff read of it where it is broken."""
    await job.write(care.note_audit, await job.read(audit.verify))


async def _count_taps(job: JobContext) -> None:
    """Keep LINE's count of taps on the rich menu, then delete menus that waited for it."""
    s = job._services
    async with s.publishing:
        await taps.read_taps(job.read, job.write, s.client, job.now)
        if await s.store.read(publishing.has_menus):
            await publishing.tidy(s)


JOBS = (
    Job("forget", Every(60), _forget, limit=600),
    Job("erase", Every(10), _erase, limit=600),
    Job("followers", Every(60), _read_followers, limit=3000),
    Job("taps", Daily("05:00"), _count_taps, limit=600),
    Job("mail", Every(1), mail.send_due, limit=600),
    Job("audit", Daily("04:00"), _verify_audit, limit=600),
    Job("scrub", Daily("03:30"), _scrub, limit=300),
)
