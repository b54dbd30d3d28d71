from madoguchi.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = "hello"
    words = ("図書館", "駅前分館は何時まで?")
