from madoguchi.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = "segment"
    words = ("設定", "受け取り設定", "Settings")
    city = {"line": {"liff": ["1000000002-abcdefgh"]}}  # noqa: RUF012
