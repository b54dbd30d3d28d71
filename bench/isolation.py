"""What residents of other plugins notice while one plugin misbehaves."""

import time

from bench import deployed
from bench.load import Plan, Result, World
from bench.report import Report, middle
from bench.settings import Settings

OTHERS = 200.0
"""Messages a second that other plugins answer."""
CULPRIT = 10.0
"""Messages a second for the plugin that misbehaves: more than its threads can sleep through."""
DRAIN = 4.0
"""Seconds until the messages that wait for the sleeping plugin are gone."""
LOOPED = 14.0
"""Seconds of load around the message that loops: the worker has to be back before they end."""
LATENCY = 0.05
WORDS = {"raising": "こわれる", "sleeping": "ねる"}
LOOP = "まわる"


def run(settings: Settings, report: Report) -> None:
    """Measure the others' p99 alone, beside each culprit, and while the worker is restarted."""
    with World(settings.cores.load) as world, deployed.folder("isolation") as place:
        plugins = ["raising", "sleeping", "looping"]
        with deployed.deployed(place, settings.cores.measured, world.line, plugins) as town:
            _round(settings, world, town, None, 0)
            alone: list[Result] = []
            beside: dict[str, list[Result]] = {name: [] for name in WORDS}
            for seed in range(1, settings.rounds + 1):
                alone.append(_round(settings, world, town, None, seed))
                for name, word in WORDS.items():
                    beside[name].append(_round(settings, world, town, word, seed))
                if not settings.quick:
                    time.sleep(DRAIN)
            looping = _loop(settings, world, town)
    base = middle([result.streams["others"].reply_p99 for result in alone])
    base_webhook = middle([result.streams["others"].p99 for result in alone])
    rows: list[list[object]] = [["nobody", base, 1.0, base_webhook, 1.0]]
    ratios = {}
    for name, results in beside.items():
        p99 = middle([result.streams["others"].reply_p99 for result in results])
        webhook = middle([result.streams["others"].p99 for result in results])
        ratios[name] = p99 / base
        rows.append([f"{name}, {CULPRIT:g}/s", p99, p99 / base, webhook, webhook / base_webhook])
    looped = looping.streams["others"]
    back = looped.silence / 1000
    ratio = looped.p99 / base_webhook
    rows.append(["looping, once", "see below", "", looped.p99, ratio])
    heads = ["beside", "others' webhook→reply p99 ms", "ratio", "webhook p99 ms", "ratio"]
    report.table(heads, rows)
    report.say(
        f"Others: {OTHERS:g} messages/s from other residents, answered from memory, LINE answers in"
        f" {LATENCY * 1000:g} ms, door and worker on one core; median of {len(alone)} rounds. The"
        f" looping plugin gets one message: nobody was answered for {back:.1f} s, until its worker"
        f" was ended and started again without it; {looped.arrived:.1%} of the others' messages"
        f" were answered, the last of them after {looped.reply_max / 1000:.1f} s."
    )
    report.figures["others_p99_ms"] = round(base, 2)
    for name, each in ratios.items():
        report.goal(f"others' p99 beside {name}, ratio", round(each, 2), 1.2)
    report.goal("webhook p99 beside looping, ratio", round(ratio, 2), 2.0)
    report.goal("seconds until the worker is back", round(back, 1), 10)
    report.goal("others answered in spite of it, %", round(looped.arrived * 100, 2), 100, True)


def _round(
    settings: Settings, world: World, town: deployed.Town, word: str | None, seed: int
) -> Result:
    streams = [deployed.stream("図書館", settings.rate(OTHERS), name="others")]
    if word:
        streams.append(
            deployed.stream(word, settings.rate(CULPRIT), name="culprit", answered=False)
        )
    return world.run(_plan(town, streams, settings.seconds(3), seed))


def _plan(
    town: deployed.Town,
    streams: list[deployed.Stream],
    seconds: float,
    seed: int,
    grace: float = 3,
) -> Plan:
    return Plan(town.door_port, streams, 128, seconds, latency=LATENCY, grace=grace, seed=seed)


def _loop(settings: Settings, world: World, town: deployed.Town) -> Result:
    """One message for the looping plugin, while others go on writing until after the restart."""
    seconds = 7.0 if settings.quick else LOOPED
    streams = [
        deployed.stream("図書館", settings.rate(OTHERS), name="others"),
        deployed.stream(LOOP, 1 / seconds, name="culprit", residents=1, answered=False),
    ]
    return world.run(_plan(town, streams, seconds, 99, grace=30))
