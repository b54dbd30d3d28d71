import pytest

from madoguchi.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = "garbage_bot"
    words = ("傘", "ハンガー", "布団と毛布", "ロケットの捨て方", "ごみの分け方", "燃やすごみ")
    city = {"line": {"liff": ["1000000002-abcdefgh"]}}  # noqa: RUF012

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def list(cls, garbage):
        """The tests' own list."""
        cls.table = garbage
