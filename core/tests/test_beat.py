"""The beat across processes, and what the worker's own watch says about whose code runs."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvloop

from madoguchi.beat import LOOP, Beat, quarantined, say_ready
from madoguchi.watch import Attributed, Watch, attribute_tasks

DEADLINE = 60
HAS_THREAD_CLOCKS = hasattr(time, "pthread_getcpuclockid")


@pytest.fixture
def beat() -> Beat:
    return Beat.private()


def on_loop(beat: Beat) -> str | None:
    return beat.state().loop.label


# -- the memory ------------------------------------------------------------------------------


def test_what_a_child_wrote_stays_readable_after_kill_9(tmp_path):
    path = tmp_path / "worker.beat"
    beat = Beat.create(path)
    assert beat.state().loop_age is None
    code = f"""if True:
        import threading, time
        from pathlib import Path
        from madoguchi.beat import LOOP, Beat
        beat = Beat.open(Path({str(path)!r}))
        beat.loop()
        beat.enter(LOOP, "mihon/garbage_bot")
        beat.writer(beat.add_writer(), time.monotonic())
        def thread():
            beat.call("mihon/booking", lambda: (print("there", flush=True), time.sleep(99)))
        threading.Thread(target=thread).start()
    """
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    assert child.returncode == -signal.SIGKILL
    state = beat.state()
    assert [(p.kind, p.label) for p in state.places] == [
        ("loop", "mihon/garbage_bot"),
        ("writer", None),
        ("thread", "mihon/booking"),
    ]
    assert [p.label for p in state.running] == ["mihon/garbage_bot", "mihon/booking"]
    assert state.loop.thread == child.pid or sys.platform != "linux"
    assert state.loop_age is not None
    assert state.writer_age is not None
    assert 0 <= state.writer_age <= state.loop_age < DEADLINE
    beat.close()


def test_create_empties_what_was_there(tmp_path):
    path = tmp_path / "worker.beat"
    before = Beat.create(path)
    before.enter(LOOP, "mihon/booking")
    before.blame("mihon/booking", "it is slow")
    state = Beat.create(path).state()
    assert state.running == ()
    assert state.blamed is None


def test_a_file_that_is_no_beat_is_refused(tmp_path):
    path = tmp_path / "something"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="is no beat"):
        Beat.open(path)
    Beat.create(path).close()
    with path.open("rb+") as file:
        file.write(b"other release")
    with pytest.raises(ValueError, match="of this version"):
        Beat.open(path)


def test_two_calls_of_one_plugin_can_be_told_apart(beat):
    beat.enter(LOOP, "mihon/booking")
    first = beat.state().loop
    beat.leave(LOOP)
    assert beat.state().running == ()
    beat.enter(LOOP, "mihon/booking")
    second = beat.state().loop
    assert first.label == second.label == "mihon/booking"
    assert first.call != second.call


def test_the_first_blame_counts(beat):
    beat.blame("見本/予約", "CPU を使いすぎた")
    beat.blame("mihon/other", "later")
    assert beat.state().blamed == ("見本/予約", "CPU を使いすぎた")


@pytest.mark.parametrize("label", ["", "a" * 128, "mihon/\0"])
def test_a_label_that_cannot_be_kept_is_refused(beat, label):
    with pytest.raises(ValueError, match="label"):
        beat.enter(LOOP, label)


def test_a_pools_thread_has_one_slot_and_lets_go_after_an_error(beat):
    def running() -> list[str | None]:
        return [place.label for place in beat.state().running]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(beat.call, "mihon/a", running).result() == ["mihon/a"]
        failing = pool.submit(beat.call, "mihon/b", int, "not a number")
        assert isinstance(failing.exception(), ValueError)
    assert running() == []
    assert [place.kind for place in beat.state().places] == ["loop", "thread"]


def test_a_unit_gives_a_sign_only_while_it_runs(beat):
    def write() -> tuple[float | None, float | None]:
        beat.unit("mihon/a")
        during = beat.state()
        assert [(p.kind, p.label) for p in during.running] == [("writer", "mihon/a")]
        beat.unit(None)
        return during.writer_age, beat.state().writer_age

    with ThreadPoolExecutor(1) as pool:
        during, after = pool.submit(write).result()
    assert during is not None
    assert after is None


def test_a_unit_on_the_loops_own_thread_is_the_coroutines_business(beat):
    beat.unit("mihon/a")
    assert len(beat.state().places) == 1
    assert beat.state().running == ()


def test_without_a_supervisor_nothing_is_needed(monkeypatch):
    for name in ("MADOGUCHI_BEAT", "MADOGUCHI_READY_FD", "MADOGUCHI_QUARANTINE"):
        monkeypatch.delenv(name, raising=False)
    beat = Beat.from_environment()
    beat.loop()
    assert beat.state().loop_age is not None
    say_ready()
    assert quarantined() == {}


# -- whose coroutine runs ----------------------------------------------------------------------


def test_the_slot_is_held_exactly_while_the_plugins_own_code_runs(beat):
    seen: list[str | None] = []

    async def handler() -> str:
        seen.append(on_loop(beat))
        await asyncio.sleep(0.01)
        seen.append(on_loop(beat))
        return "answer"

    async def main() -> str:
        turn = asyncio.ensure_future(attributed(handler()))
        await asyncio.sleep(0)
        seen.append(on_loop(beat))
        answer = await turn
        seen.append(on_loop(beat))
        return answer

    async def attributed(coroutine):
        return await Attributed(beat, "mihon/a", coroutine)

    assert asyncio.run(main()) == "answer"
    assert seen == ["mihon/a", None, "mihon/a", None]


def test_code_of_another_plugin_inside_is_the_others(beat):
    seen: list[str | None] = []

    async def inner() -> None:
        seen.append(on_loop(beat))
        await asyncio.sleep(0)
        seen.append(on_loop(beat))

    async def outer() -> None:
        await Attributed(beat, "mihon/inner", inner())
        seen.append(on_loop(beat))

    async def main() -> None:
        await Attributed(beat, "mihon/outer", outer())

    asyncio.run(main())
    assert seen == ["mihon/inner", "mihon/inner", "mihon/outer"]
    assert on_loop(beat) is None


def test_errors_pass_through_and_let_go(beat):
    async def fails() -> None:
        await asyncio.sleep(0)
        raise SystemExit("a plugin may do that")

    async def main() -> None:
        with pytest.raises(SystemExit, match="may do that"):
            await Attributed(beat, "mihon/a", fails())
        assert on_loop(beat) is None

    asyncio.run(main())


def test_a_time_limit_reaches_the_plugin_which_may_tidy_up(beat):
    tidied: list[str | None] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(DEADLINE)
        except asyncio.CancelledError:
            tidied.append(on_loop(beat))
            raise

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await Attributed(beat, "mihon/a", slow())

    asyncio.run(main())
    assert tidied == ["mihon/a"]
    assert on_loop(beat) is None


def test_an_error_that_the_plugin_handles_leaves_it_going_on(beat):
    async def handles() -> str:
        try:
            await asyncio.wait_for(asyncio.sleep(DEADLINE), 0.001)
        except TimeoutError:
            await asyncio.sleep(0)
            return "went on"
        return "not interrupted"

    async def main() -> str:
        return await Attributed(beat, "mihon/a", handles())

    assert asyncio.run(main()) == "went on"


def test_an_unfinished_coroutine_is_closed_with_the_wrapper(beat):
    closed: list[str | None] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(DEADLINE)
        finally:
            closed.append(on_loop(beat))

    steps = Attributed(beat, "mihon/a", waits()).__await__()

    async def main() -> None:
        next(steps)
        steps.close()

    asyncio.run(main())
    assert closed == ["mihon/a"]
    assert on_loop(beat) is None


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_task_that_a_plugin_starts_runs_under_its_label(beat, new_loop):
    seen: dict[str, str | None] = {}

    async def note(name: str) -> None:
        await asyncio.sleep(0)
        seen[name] = on_loop(beat)

    async def handler() -> asyncio.Task[None]:
        return asyncio.create_task(note("plugin's"), name="named")

    async def main() -> None:
        attribute_tasks(beat, asyncio.get_running_loop())
        own = asyncio.create_task(note("core's"))
        started = await Attributed(beat, "mihon/a", handler())
        assert started.get_name() == "named"
        await asyncio.gather(own, started)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    assert seen == {"plugin's": "mihon/a", "core's": None}


# -- the watch ---------------------------------------------------------------------------------


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


def test_the_watch_beats_for_the_loop_and_the_writers(beat):
    async def main() -> None:
        watch = asyncio.create_task(
            Watch(beat, writers={beat.add_writer(): lambda: 12.5}, period=0.01).run()
        )
        await until(lambda: beat.state().loop_age is not None)
        first = beat.state().loop.stamp
        await until(lambda: beat.state().loop.stamp != first)
        [writer] = [place for place in beat.state().places if place.kind == "writer"]
        assert writer.stamp == 12.5
        watch.cancel()

    asyncio.run(main())


@pytest.mark.skipif(not HAS_THREAD_CLOCKS, reason="this system tells no thread's CPU time")
def test_a_thread_that_burns_is_blamed_not_one_that_sleeps_or_works_in_short_calls(beat):
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            pass

    def burn_in_short_calls() -> None:
        while not stop.is_set():
            beat.call("mihon/short", sum, range(1000))

    async def main() -> None:
        watch = asyncio.create_task(Watch(beat, cpu_limit=0.3, period=0.01).run())
        with ThreadPoolExecutor(3) as pool:
            pool.submit(beat.call, "mihon/asleep", stop.wait)
            pool.submit(burn_in_short_calls)
            await asyncio.sleep(0.05)
            assert beat.state().blamed is None
            pool.submit(beat.call, "mihon/bad", burn)
            await until(lambda: beat.state().blamed is not None)
            stop.set()
        watch.cancel()

    asyncio.run(main())
    assert beat.state().blamed == ("mihon/bad", "used more than 0.3 s of CPU time in one call")


@pytest.mark.skipif(not HAS_THREAD_CLOCKS, reason="this system tells no thread's CPU time")
def test_a_thread_that_has_ended_is_forgotten(beat):
    end = threading.Event()
    thread = threading.Thread(target=beat.call, args=("mihon/a", end.wait))
    thread.start()

    async def main() -> None:
        await until(beat.thread_times)
        end.set()
        await until(lambda: not beat.thread_times())

    asyncio.run(main())
    thread.join()
    assert beat.thread_times() == {}


def test_a_worker_whose_supervisor_is_gone_ends_itself(tmp_path: Path):
    worker = """if True:
        import asyncio, sys
        from madoguchi.beat import Beat
        from madoguchi.watch import Watch
        async def main():
            watch = asyncio.create_task(Watch(Beat.private(), period=0.01).run())
            await asyncio.sleep(0.05)
            print("watching", flush=True)
            await asyncio.sleep(99)
        asyncio.run(main())
    """
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"watching\n"
        process.kill()
        # The pipe ends when the last process that holds it has ended: the orphaned worker.
        assert process.stdout.read() == b""
