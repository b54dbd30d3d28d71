"""What plugin authors (and we) test with: a real gateway, a simulated LINE, one clock.

The fixtures `gateway`, `resident`, `line` and `clock` come with the package; pytest finds them by
itself. Say which plugins are on by a fixture of your own:

    @pytest.fixture
    def plugins():
        return {"hello": {}}

Nothing is faked: signed webhooks enter through the real door over HTTP, and the answers are those
that the simulated LINE accepted.
"""

from madoguchi.testing.installing import install
from madoguchi.testing.page import Page
from madoguchi.testing.resident import TestResident, labels_of, text_of
from madoguchi.testing.staff import TestStaff
from madoguchi.testing.town import LoopThread, Town
from madoguchi.testing.waiting import until

__all__ = [
    "LoopThread",
    "Page",
    "TestResident",
    "TestStaff",
    "Town",
    "install",
    "labels_of",
    "text_of",
    "until",
]
