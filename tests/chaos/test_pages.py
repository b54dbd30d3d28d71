"""A worker killed while pages are filled in: no answer is lost, each form is handed in once."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from madoguchi.testing.visitor import Visitor

FORM = "/mihon/liff/form/tally/five"
QUESTIONS, RESIDENTS, CLICKS = 5, 4, 2
KILLED = (0, 3)
"""At these questions; a start costs a second or two."""


def press(browser: Visitor, page: object, typed: dict[str, str], button: str = "") -> bool:
    """Press a button of a page that is open; whether an answer came."""
    twin = Visitor(browser.base, cookies=browser.cookies)
    twin.url, twin.page = browser.url, page
    try:
        return twin.submits(typed, button).status == 200
    except (OSError, HTTPException):  # the worker is dead, or died while it answered
        return False


def press_and_kill(city, presses: list[tuple]) -> list[bool]:
    """All at once, and `kill -9` somewhere in between; whether each was answered."""
    with ThreadPoolExecutor(len(presses)) as pool:
        pressed = [pool.submit(press, *one) for one in presses]
        time.sleep(random.uniform(0, 0.4))
        city.kill("worker")
        answered = [one.result() for one in pressed]
    city.start_worker()
    return answered


def test_kill_9_while_pages_are_filled_in(deploy, eventually):
    city = deploy()
    city.start_worker()
    users = city.crowd(RESIDENTS)
    browsers = [city.browser_of(user) for user in users]
    for n in range(QUESTIONS):
        pages = [one.opens(FORM) for one in browsers]
        assert all(f'name="q{n}"' in page for page in pages), "where the answers ended"
        typed = [{f"q{n}": f"{user[-4:]}-{n}"} for user in users]
        presses = list(zip(browsers, pages, typed, strict=True))
        if n not in KILLED:
            answered = [press(*one) for one in presses]
            assert all(answered)
            continue
        stored = press_and_kill(city, presses)
        # The app was closed meanwhile: it is opened without cookies.
        browsers = [city.browser_of(user) for user in users]
        for browser, answer, is_stored in zip(browsers, typed, stored, strict=True):
            page = browser.opens(FORM)
            is_asked_again = f'name="q{n}"' in page
            assert not (is_stored and is_asked_again), "an answer was confirmed and lost"
            if is_asked_again:
                browser.submits(answer)

    pages = [one.opens(FORM) for one in browsers]
    expected = {user: [" ".join(f"{user[-4:]}-{n}" for n in range(QUESTIONS))] for user in users}
    for user, page in zip(users, pages, strict=True):
        assert all(words in page for words in expected[user][0].split()), "all are there to check"
    send = [(*one, {}, "送る") for one in zip(browsers, pages, strict=True)]
    press_and_kill(city, send * CLICKS)
    # Back, and once more; and the page that says that it was sent, again.
    answered = [press(*one) for one in send * CLICKS]
    assert all(answered)
    eventually(lambda: len(city.said()) == RESIDENTS)
    assert city.effects() == expected
    assert city.said() == {user: [f"1 {words[0]}"] for user, words in expected.items()}
    assert city.query("SELECT count(*) FROM submission") == [(RESIDENTS,)]
    assert city.complaints() == []
