"""What can go wrong, each with a sentence that says what to do about it."""


class MadoguchiError(Exception):
    """Anything that the gateway itself reports: the text is meant to be read as it is."""


class ConfigError(MadoguchiError):
    """A city's file cannot be used. `problems` has one line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PluginError(MadoguchiError):
    """A plugin broke the contract; it is quarantined or its turn ends, nobody else notices."""


class EventDone(MadoguchiError):
    """The event was handled before: this unit rolls back."""


class CircuitOpen(PluginError):
    """The plugin failed too often just now and is not asked for half a minute."""


class TokenRefused(MadoguchiError):
    """An ID token proves nothing. `expired`: it once did, and the page can get a fresh one."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(f"the ID token is refused: {reason}")
        self.expired = expired


class KeysUnavailable(MadoguchiError):
    """LINE's keys cannot be had just now, so nobody can be recognised."""


class FormFailed(MadoguchiError):
    """The plugin whose form it is failed. Answers that were given before are kept."""


def without_words(error: BaseException) -> PluginError:
    """The same failure for the log: its type and where it happened, not what it says (R68).

    An exception's text may repeat what a resident told, as `ValueError: no such number 090…` does.
    """
    said = f"{type(error).__name__}; its words are left out, they may hold personal data (R68)"
    return PluginError(said).with_traceback(error.__traceback__)
