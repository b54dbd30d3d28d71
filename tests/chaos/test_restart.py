"""`madoguchi restart`: new workers while webhooks and pages go on, and nobody notices."""

import re
import threading
import urllib.request

import pytest


class Visitor:
    """Opens a page again and again; a page may be slow, it may not fail."""

    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}/health/live"
        self.opened, self.failed, self._stopped = 0, [], threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self):
        while not self._stopped.wait(0.05):
            try:
                with urllib.request.urlopen(self._url, timeout=60):
                    self.opened += 1
            except OSError as error:
                self.failed.append(error)

    def stop(self):
        self._stopped.set()
        self._thread.join()


TIMES = [1, pytest.param(5, marks=pytest.mark.slow)]


def restart_under_load(city, workers, times, record_figures):
    pages = city.serve("--workers", str(workers))
    city.configure(duplicates=0.2, shuffle="residents")
    talk = city.talk(city.crowd(40), 10 * (times + 1), gap=0.5)
    visitor = Visitor(pages)
    try:
        for _ in range(times):
            told = city.command("restart")
            assert told.returncode == 0, told.stderr
    finally:
        visitor.stop()
    talk.wait_for_answers()
    assert not any(talk.refused.values()), "the door took every webhook"
    record_figures(talk.check())
    assert not visitor.failed
    assert visitor.opened
    assert len(city.started("door")) == 1
    assert len(set(city.started(r"worker(?: \d)?"))) == workers * (times + 1)
    check_numbers(city, pages, talk.count, workers)


def check_numbers(city, pages, messages, workers):
    """What the former workers counted is not lost, and everybody shows it."""
    for port in (pages, city.door_port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            page = answer.read().decode()
        handled = r'^madoguchi_events_handled_total{gateway="mihon",outcome="answered"} (\d+)$'
        assert [int(count) for count in re.findall(handled, page, re.M)] == [messages]
        ready = re.findall(r'^madoguchi_process_ready{process="([^"]+)"} 1$', page, re.M)
        several = [f"worker {n}" for n in range(1, workers + 1)]
        assert sorted(ready) == ["door", *(several if workers > 1 else ["worker"])]


@pytest.mark.parametrize("times", TIMES)
def test_a_restart_under_load_on_sqlite(deploy, times, record_figures):
    restart_under_load(deploy(alone=True), 1, times, record_figures)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.slow
def test_a_restart_of_three_workers_under_load(deploy, database_url, times, record_figures):
    restart_under_load(deploy(database_url, alone=True), 3, times, record_figures)


def test_a_mistake_in_the_file_leaves_the_worker_as_it_is(deploy):
    city = deploy(alone=True)
    city.serve()
    city.config.write_text("[plugins.nobody]\n" + city.config.read_text("utf-8"))
    told = city.command("restart")
    assert told.returncode == 1
    assert "mihon.toml [plugins.nobody]: no plugin of this name is installed" in told.stderr
    assert told.stderr.endswith("the workers go on as they are\n")
    assert len(city.started("worker")) == 1


def test_without_a_supervisor_it_says_what_to_do(deploy):
    told = deploy(alone=True).command("restart")
    assert told.returncode == 1
    assert "start it with `madoguchi serve`" in told.stderr
