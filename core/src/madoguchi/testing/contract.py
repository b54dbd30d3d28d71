"""The contract suite: what the gateway, the city and the other plugins expect of any plugin.

In the tests of a plugin, say which one it is and what it answers:

    from madoguchi.testing.contract import PluginContract


    class TestContract(PluginContract):
        plugin = "hello"
        words = ("図書館", "駅前分館は何時まで?")

One gateway is started for the whole class, with this plugin alone. `pytest -rP` also shows how
long the offers take.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import pytest

from madoguchi import migrations
from madoguchi.collected import collect
from madoguchi.config import validate_table
from madoguchi.context import OfferContext
from madoguchi.dispatch import normalise
from madoguchi.errors import ConfigError
from madoguchi.plugins import GROUP, PLUGIN_FAULTS, Plugin
from madoguchi.testing.corpus import MESSAGES
from madoguchi.testing.criteria import check_audiences
from madoguchi.testing.foreign_keys import find_foreign_keys
from madoguchi.testing.imports import find_foreign_imports
from madoguchi.testing.permissions import check_permissions
from madoguchi.testing.personal import check_personal_data
from madoguchi.testing.purity import refuse_io
from madoguchi.testing.resident import TestResident
from madoguchi.testing.town import Town
from madoguchi.types import Offer, Resident
from madoguchi_messages import grapheme_length

NAME = re.compile("[a-z][a-z0-9_]*")
LABEL = 20
"""Graphemes of an offer's label that a quick reply shows."""
BUDGET = 1.0
"""Milliseconds that an offer may take, p95; reported, not asserted."""


class PluginContract:
    """Inherit from it in a class `Test…`, and each rule below is one test of your plugin."""

    plugin: ClassVar[str]
    """The name of its entry point."""
    table: ClassVar[Mapping[str, Any]] = {}
    """Its table in the city's file."""
    city: ClassVar[Mapping[str, Any]] = {}
    """What else the city's file says; see the fixture `city`."""
    words: ClassVar[Sequence[str]] = ()
    """Texts that it answers. They are tried beside the odd ones of `madoguchi.testing.corpus`."""

    @pytest.fixture(scope="class")
    @classmethod
    def town(
        cls,
        tmp_path_factory: pytest.TempPathFactory,
        loop_thread: Any,
        redis_url: str,
        migrated: Path,
    ) -> Iterator[Town]:
        """A gateway in which this plugin alone is on."""
        folder = tmp_path_factory.mktemp("contract")
        on = {cls.plugin: dict(cls.table)}
        with Town(folder, loop_thread, redis_url, on, cls.city, template=migrated) as town:
            yield town

    def test_is_installed(self) -> None:
        """One entry point, a name that tables and addresses can begin with, version and README."""
        entry = find_entry(self.plugin)
        problems = []
        if not NAME.fullmatch(self.plugin):
            problems.append(f"the name {self.plugin!r}: use a-z, 0-9 and _, a letter first")
        if entry.dist is None or not entry.dist.version:
            problems.append("the package has no version: give it one in pyproject.toml")
        if not has_readme(entry):
            problems.append(
                "there is no README: write README.md beside pyproject.toml,"
                ' and `readme = "README.md"` into its [project]'
            )
        _report(problems)

    def test_starts(self, town: Town) -> None:
        """Hooks, settings, migrations, pages and lifespan: nothing quarantines it."""
        plugin = town.running.services.plugins.all[self.plugin]
        _report([plugin.trouble] if plugin.trouble else [])

    def test_imports_public_names_only(self) -> None:
        """Of the gateway its public names, of other plugins only those that it depends on."""
        _report(find_foreign_imports(find_entry(self.plugin)))

    def test_names_are_its_own(self, town: Town) -> None:
        """Templates lie in `templates/<plugin>/`; postbacks and pages hide nobody else's."""
        plugin = self._started(town)
        templates = plugin.folder / "templates" if plugin.folder else None
        problems = [
            f"templates/{path.name} is never found: move it into templates/{self.plugin}/"
            for path in sorted(templates.iterdir() if templates and templates.is_dir() else ())
            if path.name != self.plugin
        ]
        for name, handler in plugin.postbacks.items():
            if not isinstance(name, str) or not NAME.fullmatch(name):
                problems.append(
                    f"postback {name!r}: use a-z, 0-9 and _; the data is {self.plugin}:<name>?…"
                )
            elif not callable(handler):
                problems.append(f"postback {name!r}: {handler!r} is no function")
        for page in plugin.pages:
            if re.match("/static(/|$)", getattr(page, "path", "")):
                problems.append(f"page {page.path}: the files of static/ lie there")
        _report(problems)

    def test_permissions_are_well_formed(self, town: Town) -> None:
        """Names begin with the plugin's, labels are plain words, pages ask for what is there."""
        _report(list(check_permissions(self._started(town))))

    def test_settings_refuse_unknown_keys(self, town: Town) -> None:
        """A key that is misspelt in the city's file is found at any depth, not passed over."""
        plugin = self._started(town)
        model = plugin.collect("config_model", type)
        if model is None:
            return
        problems = []
        try:
            validate_table(model, {**self.table, "no_such_key": 0}, "city.toml", "plugins")
            problems.append(f"{model.__name__} takes a key that it does not have")
        except ConfigError as error:
            if not any("no_such_key: is not a key" in line for line in error.problems):
                problems += error.problems
        _report(problems + find_lenient(model))

    def test_settings_can_be_changed(self, town: Town) -> None:
        """What staff change is strict at any depth, and what hangs on it is declared anew.

        If nothing changes, `review_settings` has nothing to say.

        A setting without a default needs a seed, `[plugins.<name>.settings]` in `table`; without
        it the plugin does not start.
        """
        plugin = self._started(town)
        problems = find_lenient(plugin.settings_model) if plugin.settings_model else []
        again = collect(plugin, plugin.settings)
        kinds = {"jobs": "jobs", "forms": "forms",
                 "fields": "profile_fields", "audiences": "audiences"}  # fmt: skip
        for kind, hook in kinds.items():
            before, after = ([one.name for one in getattr(state, kind)]
                             for state in (plugin.collected, again))  # fmt: skip
            if before != after:
                problems.append(f"register_{hook} gave {before}, then {after}: no state of its own")
        problems += self._review_nothing(town, plugin)
        _report(problems)

    def test_audiences_can_be_counted(self, town: Town) -> None:
        """Each audience is a SELECT of residents' ids, whatever its parameters are."""
        found, store = self._started(town).collected.audiences, town.running.store
        _report(town.wait(store.read(check_audiences, found, town.clock.now())))

    def test_says_what_it_keeps(self, town: Town) -> None:
        """Whoever has tables says by `plugin_info` what is kept, why and for how long."""
        plugin = self._started(town)
        problems = []
        if "plugin_info" in plugin.hooks and not (plugin.info.label and plugin.info.summary):
            problems.append("plugin_info: label and summary are what staff read; write both")
        if plugin.models and not all((plugin.info.keeps, *plugin.info.keeps.values())):
            problems.append(
                "it has tables: plugin_info returns"
                ' PluginInfo(…, keeps={"what is kept": "why, and for how long"})'
            )
        _report(problems)

    def test_migrations_make_what_the_models_say(self, town: Town) -> None:
        """The version files and the models agree, and rows refer to a resident by our number."""
        plugin = self._started(town)
        if plugin.models is None:
            return
        owned = migrations.MigrationSet(
            self.plugin, plugin.models.metadata, plugin.models.migrations
        )
        store = town.running.store
        problems = [f"differs: {one}" for one in town.wait(migrations.drift(store, owned))]
        problems += town.wait(store.read(find_foreign_keys, owned))
        _report(problems)

    def test_residents_own_their_data(self, town: Town) -> None:
        """Rows about a resident are handed out, and erased, as often as it is asked for."""
        plugin, resident = self._started(town), TestResident(town)
        for word in self.words:
            resident.says(word)
        _report(check_personal_data(town, plugin, resident.user_id))

    def test_offers_are_pure(self, town: Town) -> None:
        """Whatever is sent, an offer raises nothing, touches nothing and is the same twice."""
        problems, took = town.call(self._ask_twice, self._asking(town))
        p95 = sorted(took)[len(took) * 95 // 100]
        print(f"{self.plugin}: an offer takes {p95:.3f} ms (p95 of {len(took)}), goal {BUDGET} ms")
        _report(problems)

    def test_offers_have_labels(self, town: Town) -> None:
        """A label names the offer on a quick reply: some text, and no more than is shown."""
        problems = []
        for message, offer in self._offered(town):
            label = offer.label.strip() if isinstance(offer.label, str) else ""
            if not label:
                problems.append(f"{_shown(message)}: the offer has no label")
            elif (length := grapheme_length(label)) > LABEL:
                problems.append(f"the label {label!r} has {length} characters; {LABEL} are shown")
        _report(list(dict.fromkeys(problems)))

    def test_answers_can_be_sent(self, town: Town) -> None:
        """Each offer's handler answers within LINE's limits (R37 to R43), with buttons that work.

        The messages go the whole way: webhook, door, worker, the simulated LINE.
        """
        plugin, resident = self._started(town), TestResident(town)
        problems = []
        for message, _ in self._offered(town):
            plugin.last_error = None
            is_photo = message["type"] == "image"
            answers = resident.sends_photo() if is_photo else resident.sends(message)
            if plugin.last_error:
                problems.append(f"{_shown(message)}: {plugin.last_error}")
                town.clock.move(120)  # or the plugin is left alone after five of them
            for data in find_postbacks(answers):
                owner, _, action = data.partition("?")[0].partition(":")
                if owner != self.plugin or action not in plugin.postbacks:
                    problems.append(
                        f"{_shown(message)}: nobody answers the button with {data!r}; the data is"
                        f" {self.plugin}:<name>?…, the name one of register_postbacks"
                    )
        _report(problems)

    def _review_nothing(self, town: Town, plugin: Plugin) -> list[str]:
        """What is wrong if the plugin is asked about settings that stay as they are."""
        review = plugin.hooks.get("review_settings")
        if review is None:
            return []
        given = {"before": plugin.settings, "after": plugin.settings}
        try:
            said = town.wait(town.running.store.read(lambda db: review({"db": db, **given})))
        except PLUGIN_FAULTS as error:
            return [f"review_settings raises {type(error).__name__}: {error}"]
        same = f"review_settings says {said!r} of settings that stay as they are"
        return [] if said == [] else [same]

    def _started(self, town: Town) -> Plugin:
        plugin = town.running.services.plugins.all[self.plugin]
        if plugin.trouble:
            pytest.skip("it does not start")
        return plugin

    def _asking(self, town: Town) -> Callable[[Mapping[str, Any]], Any]:
        """`ask(message)`: what the plugin returns for it."""
        plugin, services = self._started(town), town.running.services
        if "offer_for_message" not in plugin.hooks:
            pytest.skip("it offers nothing")
        resident = Resident(1, True, "ja")
        ctx = OfferContext(services.city, plugin, resident, services.clock.now())

        def ask(message: Mapping[str, Any]) -> Any:
            given = {"ctx": ctx, "message": message, "text": normalise(message.get("text", ""))}
            return plugin.hooks["offer_for_message"](given)

        return ask

    def _messages(self) -> list[dict[str, Any]]:
        own = [{"type": "text", "text": text} for text in self.words]
        return [{"id": "1", **message} for message in (*own, *MESSAGES)]

    def _offered(self, town: Town) -> list[tuple[dict[str, Any], Offer]]:
        """The messages that get an offer, without their ids, each with it."""
        return town.call(self._find_offered, self._asking(town))

    def _find_offered(
        self, ask: Callable[[Mapping[str, Any]], Any]
    ) -> list[tuple[dict[str, Any], Offer]]:
        found = []
        for message in self._messages():
            try:
                offer = ask(message)
            except PLUGIN_FAULTS:
                continue  # `test_offers_are_pure` says so
            if isinstance(offer, Offer):
                found.append(({k: v for k, v in message.items() if k != "id"}, offer))
        return found

    def _ask_twice(self, ask: Callable[[Mapping[str, Any]], Any]) -> tuple[list[str], list[float]]:
        """Ask for every message in turn, then backwards; the problems, and milliseconds each."""
        messages, took = self._messages(), []
        problems: dict[str, None] = {}
        first: dict[int, Any] = {}
        for n in [*range(len(messages)), *reversed(range(len(messages)))]:
            message = deepcopy(messages[n])
            touched, started = list[str](), time.perf_counter()
            try:
                with refuse_io() as touched:
                    offer = ask(message)
                wrong = None if isinstance(offer, Offer | None) else f"returns {offer!r}"
            except PLUGIN_FAULTS as error:
                offer, wrong = None, f"raises {type(error).__name__}: {error}"
            took.append((time.perf_counter() - started) * 1000)
            if touched:
                wrong = f"touches the world outside: {touched[0]}"
            elif message != messages[n]:
                wrong = "changes the message"
            elif wrong is None and not is_same(first.setdefault(n, offer), offer):
                wrong = f"offers {first[n]!r}, and {offer!r} when asked again"
            if wrong:
                problems[f"{_shown(messages[n])}: {wrong}"] = None
        unanswered = [text for n, text in enumerate(self.words) if first.get(n) is None]
        problems |= {f"{text!r} is one of `words`, and gets no offer": None for text in unanswered}
        if not problems and not any(first.values()):
            problems["nothing gets an offer: name some texts that it answers in `words`"] = None
        return list(problems), took


def find_entry(plugin: str) -> metadata.EntryPoint:
    """The entry point of the plugin. Fails the test if there is none, or more than one."""
    entries = list(metadata.entry_points(group=GROUP, name=plugin))
    if len(entries) != 1:
        found = ", ".join(entry.value for entry in entries) or "none"
        text = f"one entry point {plugin!r} in the group {GROUP} is needed; installed: {found}"
        pytest.fail(text, pytrace=False)
    return entries[0]


def has_readme(entry: metadata.EntryPoint) -> bool:
    """Whether the package says what it is: in its metadata, or beside its pyproject.toml."""
    about = entry.dist.metadata if entry.dist else None
    if about and ("Description" in about or getattr(about, "get_payload", str)()):
        return True
    for folder in Path(entry.load().__file__ or "").parents:
        if (folder / "pyproject.toml").exists():
            return any(path.stat().st_size for path in folder.glob("README*"))
    return False


def find_postbacks(value: Any) -> Iterator[str]:
    """The data of all postback actions in a message, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from find_postbacks(item)
    elif isinstance(value, dict):
        if value.get("type") == "postback" and "data" in value:
            yield value["data"]
        yield from find_postbacks(list(value.values()))


def find_lenient(model: Any) -> list[str]:
    """Models inside a model that pass over keys which they do not have."""
    return [
        f'{name} passes over unknown keys: model_config = ConfigDict(extra="forbid")'
        for name, schema in model.model_json_schema().get("$defs", {}).items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ]


def is_same(one: Offer | None, other: Offer | None) -> bool:
    """Whether two offers mean the same; functions made anew each time are compared by name."""
    return one == other or _essence(one) == _essence(other)


def _essence(offer: Offer | None) -> Any:
    if not isinstance(offer, Offer):
        return None
    handler = getattr(offer.handler, "func", offer.handler)
    name = getattr(handler, "__qualname__", repr(handler))
    return name, offer.fit, offer.label, offer.score, repr(offer.data)


def _shown(message: Mapping[str, Any]) -> str:
    text = message.get("text")
    shown = ascii(text[:30]) if text is not None and not text.isprintable() else repr(text)
    return message["type"] if text is None else (f"{shown[:30]}…" if len(text) > 30 else shown)


def _report(problems: Sequence[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
