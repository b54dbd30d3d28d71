"""A plugin that hangs, burns, grows or crashes is named and left out; its neighbours stay."""

import os
import signal
import sys
import textwrap
from dataclasses import replace

import pytest

from madoguchi.beat import Place, State
from madoguchi.culprit import find_silence

LINUX = sys.platform == "linux"


def test_a_plugin_that_blocks_the_loop_is_left_out_and_one_that_waits_is_not(misbehave):
    serving = misbehave("""
        waiting = asyncio.create_task(under("mihon/good", asyncio.sleep(99)))
        in_thread("mihon/asleep", time.sleep, 99)
        async def bad():
            await asyncio.sleep(0.01)
            time.sleep(99)
        await under("mihon/bad", bad())
    """)
    assert serving.left_out() == "['mihon/bad']"
    serving.wait("plugin mihon/bad is left out from now on: the event loop was silent")
    assert serving.stop() == 0


def test_where_there_is_no_memfd_the_beat_is_a_file(misbehave):
    body = """
        async def bad():
            time.sleep(99)
        await under("mihon/bad", bad())
    """
    without = "import os\nvars(os).pop('memfd_create', None)\n"
    serving = misbehave(body, before=without)
    assert serving.left_out() == "['mihon/bad']"
    assert (serving.folder / "worker.beat").exists()


def test_a_silent_loop_without_a_plugin_is_started_again_with_all_plugins(misbehave):
    serving = misbehave("time.sleep(99)")
    assert serving.left_out() == "[]"


def test_a_thread_that_burns_cpu_is_blamed_and_one_that_sleeps_is_not(misbehave):
    serving = misbehave("""
        in_thread("mihon/asleep", time.sleep, 99)
        def burn():
            while True:
                pass
        in_thread("mihon/bad", burn)
    """)
    assert serving.left_out() == "['mihon/bad']"
    serving.wait("used more than 1 s of CPU time in one call")


@pytest.mark.skipif(not LINUX, reason="CPU times of single threads are told on Linux only")
def test_a_thread_that_never_lets_go_of_the_interpreter_is_named(misbehave):
    serving = misbehave("""
        in_thread("mihon/asleep", time.sleep, 99)
        in_thread("mihon/bad", re.match, "(a+)+$", "a" * 60 + "b")
    """)
    assert serving.left_out() == "['mihon/bad']"
    serving.wait("plugin mihon/bad is left out from now on: the event loop was silent")


def test_a_unit_that_holds_the_writer_is_left_out(misbehave):
    serving = misbehave("""
        def write():
            beat.unit("mihon/good")
            beat.unit(None)
            last_seen = time.monotonic()
            writers[beat.add_writer()] = lambda: last_seen
            beat.unit("mihon/bad")
            time.sleep(99)
        in_thread("mihon/asleep", time.sleep, 99)
        threading.Thread(target=write, daemon=True).start()
    """)
    assert serving.left_out() == "['mihon/bad']"
    serving.wait("left out from now on: a database writer was silent")


def test_a_writer_that_stands_still_without_a_plugin_is_started_again(misbehave):
    serving = misbehave("""
        last_seen = time.monotonic()
        writers[beat.add_writer()] = lambda: last_seen
        in_thread("mihon/asleep", time.sleep, 99)
    """)
    serving.wait(r"worker \(pid \d+\) a database writer was silent for more than 1 s")
    assert serving.left_out() == "[]"


@pytest.mark.parametrize("where", ["loop", "thread"])
def test_a_memory_eater_is_stopped_and_named(misbehave, where):
    eat = """
        def eat():
            eaten = []
            while True:
                eaten.append(bytearray(os.urandom(1 << 16) * 16))
        async def eat_on_loop():
            eat()
        in_thread("mihon/asleep", time.sleep, 99)
    """
    eat += {
        "loop": '    await under("mihon/bad", eat_on_loop())',
        "thread": '    in_thread("mihon/bad", eat)',
    }[where]
    serving = misbehave(eat, memory_limit=150 << 20)
    expected = "['mihon/bad']" if LINUX or where == "loop" else "[]"
    assert serving.left_out() == expected
    serving.wait(r"worker \(pid \d+\) used \d+ MB of memory, over its limit of 150 MB")


@pytest.mark.parametrize("crash", ["ctypes.string_at(0)", "os._exit(3)"])
def test_a_plugin_that_takes_the_process_with_it_is_left_out(misbehave, crash):
    serving = misbehave(f"""
        async def bad():
            {crash}
        await under("mihon/bad", bad())
    """)
    assert serving.left_out() == "['mihon/bad']"
    serving.wait("left out from now on: the process ended")


def test_a_plugin_that_ran_when_somebody_killed_the_worker_stays_in(misbehave):
    serving = misbehave('beat.enter(LOOP, "mihon/bad"); say("busy"); await asyncio.sleep(99)')
    serving.wait("worker busy")
    os.kill(serving.pid("worker"), signal.SIGKILL)
    assert serving.left_out() == "[]"


def test_a_plugin_that_never_ends_loading_is_left_out(serve):
    load = textwrap.dedent("""
        if "mihon/bad" not in quarantined():
            beat.enter(LOOP, "mihon/good")
            beat.enter(LOOP, "mihon/bad")
            time.sleep(99)
        asyncio.run(main(None))
    """)
    serving = serve(
        f"children = [Child('worker', [PYTHON, '-c', WORKER + {load!r}, 'worker'])]\n"
        "sys.exit(Supervisor(children, run_folder=folder, limits=Limits(**limits)).run())"
    )
    assert serving.wait(r"worker left out: (\[.*\])") == ["['mihon/bad']"]
    serving.wait("worker was held up by mihon/bad for more than 1 s while starting")


def test_a_writer_is_not_silent_because_the_loop_that_speaks_for_it_is():
    """The writer's last sign is up to a second older than the loop's: the loop is to blame."""
    loop = Place(0, "loop", 1, "mihon/bad", 7, stamp=100.0)
    writer = Place(1, "writer", 2, None, 0, stamp=99.2)
    for now in (104.5, 105.5):
        state = State((loop, writer), None, now)
        silence = find_silence(state, since=0.0, limit=5.0)
        assert (silence.places if silence else None) == ((loop,) if now > 105 else None)
    silence = find_silence(State((replace(loop, stamp=105.0), writer), None, 105.1), 0.0, 5.0)
    assert silence is not None
    assert silence.places == (writer,)
