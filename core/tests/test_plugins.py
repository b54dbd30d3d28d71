"""Finding, checking and calling plugins: what is refused and in which words, and what one call of
a plugin's code may cost the others."""

import asyncio
import logging
import threading
import time
import types

import pytest

from madoguchi import PASS, hookimpl, threads
from madoguchi.beat import Beat
from madoguchi.clock import Clock
from madoguchi.errors import CircuitOpen, EventDone, PluginError
from madoguchi.hooks import check_hooks
from madoguchi.limit import not_counted
from madoguchi.plugins import TURNS, Circuit, Plugin, Plugins
from madoguchi.store import StoreUnavailable
from madoguchi.threads import THREADS


@pytest.fixture
def moved(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def toy(moved):
    return Plugin("mihon", "toy", moved)


@pytest.fixture
def beat():
    return Beat.private()


def module_of(source):
    module = types.ModuleType("toy")
    exec("from madoguchi import hookimpl\n" + source, module.__dict__)
    return module


def load(install_plugin, *sources):
    """Load the plugins `a`, `b` … of these sources; the whole city of them."""
    names = [
        install_plugin(name, "from madoguchi import *\nfrom madoguchi import hookimpl\n" + source)
        for name, source in zip("abcdef", sources, strict=False)
    ]
    plugins = Plugins("mihon", Clock(), Beat.private())
    plugins.load({name: {} for name in names}, "mihon.toml")
    return plugins


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "@hookimpl\ndef offer_for_mesage(text): ...",
            "unknown hook `offer_for_mesage`: did you mean `offer_for_message`?",
        ),
        (
            "@hookimpl(specname='on_folow')\ndef greet(ctx): ...",
            "unknown hook `on_folow`: did you mean `on_follow`?",
        ),
        ("@hookimpl\ndef brew(): ...", "unknown hook `brew`: the hooks are plugin_info, "),
        (
            "@hookimpl\ndef offer_for_message(mesage): ...",
            "`offer_for_message` has no argument `mesage`: did you mean `message`?",
        ),
        (
            "@hookimpl\ndef on_follow(ctx, database): ...",
            "`on_follow` has no argument `database`: there is ctx",
        ),
        (
            "@hookimpl\nasync def offer_for_message(text): ...",
            "`offer_for_message` (offer) must be a plain `def`, not `async def`",
        ),
        (
            "@hookimpl\nasync def register_pages(config): ...",
            "`register_pages` (collect) must be a plain `def`, not `async def`",
        ),
        *(
            (
                f"@hookimpl({mark}=True)\ndef on_follow(ctx):\n    yield",
                "`on_follow`: no tryfirst, trylast or wrapper: order is the city's",
            )
            for mark in ("tryfirst", "trylast", "wrapper", "hookwrapper")
        ),
    ],
)
def test_what_breaks_the_contract_is_refused_in_words(source, said):
    with pytest.raises(PluginError) as refused:
        check_hooks(module_of(source))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    "source",
    [
        "@hookimpl\ndef on_follow(): ...",
        "@hookimpl\nasync def on_follow(ctx): ...",
        "@hookimpl(specname='on_follow')\ndef greet(ctx, often=3): ...",
        "def offer_for_mesage(): ...",
    ],
)
def test_what_keeps_the_contract_is_taken(source):
    check_hooks(module_of(source))


def test_one_that_is_refused_is_quarantined_and_the_others_are_not(install_plugin, caplog):
    plugins = load(
        install_plugin,
        "@hookimpl\ndef on_folow(ctx): ...",
        "raise SystemExit(3)",
        "import a_package_that_is_not_there",
        "def broken(:",
        "@hookimpl\ndef on_follow(ctx): ...",
    )
    assert [plugin.name for plugin in plugins.well()] == ["e"]
    troubles = [plugins.all[name].trouble for name in "abcd"]
    assert troubles[0] == "unknown hook `on_folow`: did you mean `on_follow`?"
    assert troubles[1] == "SystemExit: 3"
    assert troubles[2].startswith("ModuleNotFoundError: No module named 'a_package")
    assert troubles[3].startswith("SyntaxError: ")
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert lines[0] == f"mihon: plugin a is quarantined: {troubles[0]}"
    assert len(lines) == 4, "one line each"


def test_one_module_under_two_names_serves_only_the_first(install_plugin, tmp_path):
    install_plugin("first", "from madoguchi import hookimpl\n@hookimpl\ndef on_follow(): ...\n")
    folder = next((tmp_path / "site-packages").glob("first_*.dist-info"))
    entry = folder / "entry_points.txt"
    entry.write_text(entry.read_text() + "second = first_under_test\n")
    plugins = Plugins("mihon", Clock(), Beat.private())
    plugins.load({"first": {}, "second": {}}, "mihon.toml")
    assert plugins.all["first"].trouble is None
    assert plugins.all["second"].trouble is not None


def test_a_plugin_that_the_supervisor_left_out_is_not_imported(install_plugin):
    install_plugin("toy", "raise AssertionError('imported')")
    plugins = Plugins("mihon", Clock(), Beat.private())
    plugins.load({"toy": {}}, "mihon.toml", {"toy": "the loop was silent"})
    assert plugins.all["toy"].trouble == "the loop was silent"


def test_a_plugin_without_a_table_is_not_imported(install_plugin):
    install_plugin("toy", "raise AssertionError('imported')")
    assert load(install_plugin).all == {}


def test_offers_are_asked_in_the_order_of_the_file_and_weak_ones_are_dropped(install_plugin):
    offer = (
        "@hookimpl\ndef offer_for_message():\n    return Offer(print, {}, label='x', score={})\n"
    )
    sources = [offer.format(*given) for given in [
        ("Fit.SEARCH", 0.49), ("Fit.SEARCH", 0.5), ("Fit.PATTERN", 0.1), ("Fit.EXACT", 0.0),
    ]]  # fmt: skip
    plugins = load(install_plugin, *sources)
    asyncio.run(plugins.start())
    found = plugins.offers(lambda plugin: None, {}, "")
    assert [plugin.name for plugin, _ in found] == ["b", "c", "d"]


# One call.


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    "body", ["raise ValueError", "raise SystemExit(1)", "raise KeyboardInterrupt", "1 / 0"]
)
def test_whatever_a_handler_raises_is_a_plugin_error(toy, beat, kind, body):
    handler = module_of(f"{kind} handler(ctx): {body}").handler
    with pytest.raises(PluginError, match="toy: handler failed"):
        asyncio.run(toy.run(beat, handler, None))
    assert toy.last_error.startswith("handler: ")


def test_a_handler_may_cancel_itself_and_nobody_else(toy, beat):
    async def handler(ctx):
        raise asyncio.CancelledError

    with pytest.raises(PluginError):
        asyncio.run(toy.run(beat, handler, None))


def test_who_cancels_the_turn_is_obeyed(toy, beat):
    async def handler(ctx):
        await asyncio.sleep(3600)

    async def run():
        task = asyncio.create_task(toy.run(beat, handler, None))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert toy.last_error is None


@pytest.mark.parametrize("error", [EventDone("before"), StoreUnavailable("no database")])
def test_what_is_nobodys_fault_passes(toy, beat, error):
    async def handler(ctx):
        raise error

    with pytest.raises(type(error)):
        asyncio.run(toy.run(beat, handler, None))
    assert toy.last_error is None


def test_time_limit(toy, beat):
    asleep = threading.Event()

    async def hangs(ctx):
        await asyncio.sleep(3600)

    def hangs_in_its_thread(ctx):
        asleep.wait(60)

    for handler in (hangs, hangs_in_its_thread):
        with pytest.raises(PluginError):
            asyncio.run(toy.run(beat, handler, None, limit=0.05))
        assert toy.last_error.endswith("took longer than 0.05 s")
    asleep.set()
    toy.close()


def test_the_gateways_own_time_is_not_counted(toy, beat):
    left = []

    async def outlives(ctx):
        with not_counted():
            await asyncio.sleep(0.3)

    async def waits(ctx):
        with not_counted():  # two reads at once stop the clock once
            await asyncio.gather(outlives(ctx), asyncio.sleep(0.3))
        left.append(asyncio.create_task(outlives(ctx)))
        return "done"

    async def waits_and_hangs(ctx):
        await waits(ctx)
        await asyncio.sleep(3600)

    async def main():
        assert await toy.run(beat, waits, None, limit=0.1) == "done"
        with pytest.raises(PluginError):
            await toy.run(beat, waits_and_hangs, None, limit=0.1)
        await asyncio.gather(*left)

    asyncio.run(main())
    assert toy.last_error.endswith("took longer than 0.1 s")


def test_waiting_for_a_turn_is_not_counted_and_an_open_circuit_ends_it(toy, beat):
    async def sleeps(ctx):
        await asyncio.sleep(0.1)

    async def hangs(ctx):
        await asyncio.sleep(3600)

    async def crowd(handler, size):
        runs = [toy.run(beat, handler, None, limit=0.2) for _ in range(size)]
        return await asyncio.gather(*runs, return_exceptions=True)

    async def both():
        return await crowd(sleeps, 5 * TURNS), await crowd(hangs, 4 * TURNS)

    fine, failed = asyncio.run(both())
    assert fine == [None] * (5 * TURNS)
    ended = [type(one) for one in failed]
    assert ended[:TURNS] == [PluginError] * TURNS
    assert ended[-TURNS:] == [CircuitOpen] * TURNS


def test_waiting_for_a_thread_is_not_counted(toy, beat):
    def sleeps(ctx):
        time.sleep(0.4)

    async def crowd():
        await asyncio.gather(*(toy.run(beat, sleeps, None, limit=0.75) for _ in range(TURNS)))

    asyncio.run(crowd())  # eight turns share four threads: four wait as long as the others work
    toy.close()
    assert toy.last_error is None


def test_threads_that_never_come_free_are_not_waited_for(toy, beat, moved, monkeypatch):
    monkeypatch.setattr(threads, "PATIENCE", 0.3)
    hanging = threading.Event()

    def hangs(ctx):
        hanging.wait(60)

    async def both():
        runs = (toy.run(beat, hangs, None, limit=0.1) for _ in range(THREADS))
        given_up = await asyncio.gather(*runs, return_exceptions=True)
        with pytest.raises(PluginError):
            await toy.run(beat, lambda ctx: "late", None)
        said = toy.last_error
        hanging.set()
        moved.move(31)  # the circuit has opened
        return given_up, said, await toy.run(beat, lambda ctx: "well again", None)

    given_up, said, answer = asyncio.run(both())
    toy.close()
    assert [type(error) for error in given_up] == [PluginError] * THREADS
    assert "its 4 threads were busy for 0.3 s" in said
    assert answer == "well again"


def test_a_plugins_own_timeout_error_is_no_time_limit(toy, beat):
    async def handler(ctx):
        raise TimeoutError("its server")

    with pytest.raises(PluginError):
        asyncio.run(toy.run(beat, handler, None))
    assert toy.last_error == "handler: TimeoutError: its server"


def test_plain_functions_run_in_four_threads_and_eight_turns_at_once(toy, beat):
    assert (THREADS, TURNS) == (4, 8)
    inside, most, lock = 0, 0, threading.Lock()
    names = set()

    def handler(ctx):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            names.add(threading.current_thread().name)
        time.sleep(0.01)
        with lock:
            inside -= 1

    turns = turning = 0

    async def waits(ctx):
        nonlocal turns, turning
        turning += 1
        turns = max(turns, turning)
        await asyncio.sleep(0.01)
        turning -= 1

    async def run():
        await asyncio.gather(*(toy.run(beat, handler, None) for _ in range(24)))
        await asyncio.gather(*(toy.run(beat, waits, None) for _ in range(24)))

    asyncio.run(run())
    toy.close()
    assert most == 4
    assert turns == 8
    assert all(name.startswith("mihon/toy") for name in names), "its own threads, by name"


def test_a_plugin_whose_threads_hang_keeps_nobody_elses_waiting(toy, beat, moved):
    hanging, other = threading.Event(), Plugin("mihon", "other", moved)

    async def run():
        stuck = [
            asyncio.create_task(toy.run(beat, lambda ctx: hanging.wait(60), None))
            for _ in range(TURNS)
        ]
        await asyncio.sleep(0.02)
        answer = await other.run(beat, lambda ctx: "here", None)
        waiting = [not task.done() for task in stuck]
        hanging.set()
        await asyncio.gather(*stuck)
        return answer, waiting

    assert asyncio.run(run()) == ("here", [True] * TURNS)
    toy.close()
    other.close()


def test_a_slow_call_is_said_in_the_log(toy, beat, caplog, monkeypatch):
    async def handler(ctx):
        return PASS

    times = iter([100.0, 103.5])
    monkeypatch.setattr("madoguchi.plugins.time", types.SimpleNamespace(monotonic=times.__next__))
    assert asyncio.run(toy.run(beat, handler, None)) is PASS
    assert [r.getMessage() for r in caplog.records] == ["mihon: handler took 3.5 s"]
    assert caplog.records[0].name == "madoguchi.plugin.toy"


def test_a_slow_offer_is_said_in_the_log(install_plugin, caplog):
    slow = "import time\n@hookimpl\ndef offer_for_message():\n    time.sleep(0.21)\n"
    plugins = load(install_plugin, slow)
    asyncio.run(plugins.start())
    assert plugins.offers(lambda plugin: None, {}, "") == []
    assert "mihon: offer_for_message took 0." in caplog.text


# The circuit.


def test_circuit_opens_for_30_s_after_5_failures_in_60_s(moved):
    circuit = Circuit(moved)
    assert [circuit.fail() for _ in range(4)] == [False] * 4
    assert not circuit.is_open
    assert circuit.fail()
    assert circuit.is_open
    moved.move(29)
    assert circuit.is_open
    moved.move(2)
    assert not circuit.is_open
    assert [circuit.fail() for _ in range(5)] == [False] * 4 + [True], "it counts from the start"


def test_circuit_stays_closed_if_failures_are_rare(moved):
    circuit = Circuit(moved)
    for _ in range(20):
        assert not circuit.fail()
        moved.move(16)


def test_an_open_circuit_spares_handlers_offers_and_residents(install_plugin, make_town):
    from madoguchi.testing import TestResident

    install_plugin(
        "toy",
        "from madoguchi import *\nfrom madoguchi import hookimpl\n"
        "calls = []\n"
        "@hookimpl\ndef offer_for_message(ctx, text):\n"
        "    return Offer(handler, Fit.EXACT, label='x')\n"
        "def handler(ctx):\n    raise ValueError(ctx.event.text)\n",
    )
    town = make_town(plugins={"toy": {}})
    resident = TestResident(town)
    sorry = "申しわけありません。うまくいきませんでした。"
    for _ in range(5):
        (answer,) = resident.says("開く")
        assert answer.startswith(sorry)
        assert "0100-00-0000" in answer
    assert resident.says("開く")[0].startswith("お答えできませんでした。"), "it does not offer"
    resident.waits(31)
    assert resident.says("開く")[0].startswith(sorry), "it is tried again"


def test_while_the_circuit_is_open_nothing_of_the_plugin_is_called(toy, beat):
    for _ in range(5):
        toy.fail("handler", ValueError())
    with pytest.raises(CircuitOpen):
        asyncio.run(toy.run(beat, lambda ctx: pytest.fail("called"), None))


# PASS.


def test_pass_gives_the_next_offer_its_turn(install_plugin, make_town):
    from madoguchi.testing import TestResident

    header = "from madoguchi import *\nfrom madoguchi import hookimpl\n"
    offer = "@hookimpl\ndef offer_for_message():\n    return Offer(answer, Fit.{}, label='x')\n"
    install_plugin("a", header + offer.format("EXACT") + "def answer(ctx): return PASS\n")
    install_plugin("b", header + offer.format("PATTERN") + "def answer(ctx): return 'b'\n")
    install_plugin("c", header + offer.format("SEARCH") + "async def answer(ctx): return PASS\n")
    assert TestResident(make_town(plugins={"a": {}, "b": {}}, name="kita")).says("?") == ["b"]
    (answer,) = TestResident(make_town(plugins={"a": {}, "c": {}}, name="nishi")).says("?")
    assert answer.startswith("お答えできませんでした。")


def test_hookimpl_is_all_that_a_plugin_has_to_import():
    assert hookimpl.project_name == "madoguchi"
