"""A member of staff in a test: invited, logged in for real, opening pages of the console."""

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from madoguchi.commands import run_unit
from madoguchi.testing.page import Page
from madoguchi.testing.town import Town
from madoguchi.testing.visitor import Typed, Visitor

PASSWORD = "correct horse battery"
SECTION = "広報課"


class TestStaff:
    """Somebody with an account in the console of a town, and a browser of their own.

    `permissions` are granted in `section`; without `log_in` they have their slip and nothing else.
    """

    __test__ = False

    def __init__(
        self,
        town: Town,
        name: str = "佐藤 陽子",
        permissions: Sequence[str] = (),
        *,
        section: str = SECTION,
        mail: str = "",
        admin: bool = False,
        contractor: bool = False,
        log_in: bool = True,
    ) -> None:
        self._town, self.name = town, name
        self.mail = mail or f"staff{len(town.staff) + 1}@mihon.example"
        self.browser = Visitor(town.pages_url)
        made = self.commands(
            "add_staff",
            name=name,
            mail=self.mail,
            admin=admin,
            contractor=contractor,
            section_name=section,
            permissions=list(permissions),
        )
        self.id: int = made["id"]
        self.slip: str = made["slip"]
        """The number on their invitation."""
        self.secret = ""
        """What their app and the console share, once they have enrolled."""
        town.staff.append(self)
        if log_in:
            self.enrols()

    def commands(self, command: str, **given: object) -> Any:
        """What a command of the console answers, as `madoguchi staff` has it run."""
        running = self._town.running
        every = running.services.plugins.all
        work = run_unit(running.store, every, "console", command, dict(given))
        return self._town.wait(work)

    def enrols(self) -> Page:
        """Use the slip: choose a password, register an app; then they are in."""
        self.opens(f"/login/welcome?slip={self.slip}")
        self.submits({"password": PASSWORD, "again": PASSWORD})
        page = self.opens("/login/second?how=app")
        found = re.search(r'<p class="code">([A-Z2-7 ]+)</p>', page.html)
        if found is None:
            raise AssertionError(f"{self.browser.url} shows no secret: {page.html}")
        self.secret = found[1].replace(" ", "")
        return self.submits({"code": self.app_code()}, "登録する")

    def logs_in(self, password: str = PASSWORD) -> Page:
        """Name and password, then the app's code; the first page."""
        self._town.clock.move(30)  # no code works twice
        self.opens("/login")
        self.submits({"mail": self.mail, "password": password})
        return self.submits({"code": self.app_code()})

    def logs_in_until_refused(self, password: str = PASSWORD) -> Page:
        """Name and password, of somebody who is not let in; what they read."""
        self.opens("/login")
        return self.submits({"mail": self.mail, "password": password})

    def app_code(self) -> str:
        """What the app shows now (RFC 6238)."""
        step = int(self._town.clock.time()) // 30
        digest = hmac.digest(base64.b32decode(self.secret), step.to_bytes(8, "big"), "sha1")
        at = digest[-1] & 15
        return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

    def opens(self, path: str = "") -> Page:
        """Open a page of the console, such as `/segment/deliveries`; every page is linted."""
        return self.browser.opens(f"/{self._town.name}/console{path}")

    def submits(self, typed: dict[str, Typed], button: str = "") -> Page:
        """Fill in the form of the page that is open, and send it: see `TestResident.submits`."""
        return self.browser.submits(typed, button or _first_button(self.browser))

    def waits(self, seconds: float | timedelta) -> None:
        """Let time pass, for everybody."""
        wait = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._town.clock.move(wait)


def _first_button(browser: Visitor) -> str:
    """The words of the first button in the page's main part; the one above it ends the session."""
    main = browser.page.html.partition("<main")[2]
    found = re.search(r'<button class="(?:go|second|grave)[^"]*"[^>]*>([^<]+)</button>', main)
    return found[1] if found else ""
