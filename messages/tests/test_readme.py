"""The examples of the README run and say what they say."""

import doctest
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_readmes_examples_run():
    failures, tries = doctest.testfile(
        str(README), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS
    )
    assert tries > 5
    assert failures == 0
