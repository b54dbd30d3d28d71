"""What a plugin imports, read from its source: nothing of it is run."""

import ast
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from types import ModuleType

import madoguchi
from madoguchi import deliveries, forms, reading
from madoguchi.plugins import GROUP

PUBLIC = {
    "madoguchi": {None, "deliveries", *madoguchi.__all__},
    "madoguchi.audit": {"Actor", "audit"},
    "madoguchi.commands": {"run_command"},
    "madoguchi.config": {"Secret"},
    "madoguchi.counter": {"CounterCode", "find_code", "make_code", "take_code"},
    "madoguchi.deliveries": set(deliveries.__all__),
    "madoguchi.drill": {"count_friends"},
    "madoguchi.errors": {"ConfigError", "MadoguchiError"},
    "madoguchi.followers": {"count_at_line", "last_reading"},
    "madoguchi.inside": {"Inside", "Measures", "Quota"},
    "madoguchi.mail": {"queue_mail"},
    "madoguchi.office_days": {"OfficeDays"},
    "madoguchi.shell": {"said"},
    "madoguchi.forms": {"filling", "media", "submitting", *forms.__all__},
    "madoguchi.forms.profile": {
        "count_answered",
        "count_by_answer",
        "count_choosing",
        "read_profile",
        "read_profiles",
        "write_profile",
        "write_profiles",
    },
    "madoguchi.forms.chat": {"liff_url"},
    "madoguchi.forms.filling": {"Desk", "Draft"},
    "madoguchi.forms.media": {"Upload"},
    "madoguchi.forms.submitting": {"Submitted"},
    "madoguchi.languages": {"LANGUAGES", "NAMES", "Words", "html_language"},
    "madoguchi.reading": set(reading.__all__),
    "madoguchi.residents": {"count_friends", "take_in"},
    "madoguchi.sample": {"OFFICE_PHONE", "user_id_of"},
    "madoguchi.sheets": {
        "PIECE",
        "SheetRefused",
        "escape",
        "find_encoding",
        "read_rows",
        "unescape",
    },
    "madoguchi.store": {"UTCDateTime", "plugin_metadata"},
    "madoguchi.tables": {"audit", "profile", "resident", "unanswered"},
    "madoguchi.unanswered": {"mask"},
}
"""What a plugin may import of the gateway."""


def find_foreign_imports(entry: metadata.EntryPoint) -> list[str]:
    """Imports of what is not the plugin's to use, one line each. Reads the source, runs nothing."""
    requires = entry.dist.requires if entry.dist else None
    needed = {_canonical(requirement) for requirement in requires or ()}
    others = {
        other.module.partition(".")[0]: other.dist.name
        for other in metadata.entry_points(group=GROUP)
        if other.dist and other.value != entry.value
    }
    problems = []
    for path in _sources(entry.load()):
        for line, module, name in _imports(ast.parse(path.read_bytes(), str(path))):
            top, wrong = module.partition(".")[0], None
            if top == "madoguchi" and name not in PUBLIC.get(module, ()):
                wrong = "not public: import from `madoguchi`"
            elif top == "madoguchi_simulator":
                wrong = "for tests only: it is not there in a city"
            elif top in others and _canonical(others[top]) not in needed:
                wrong = f"another plugin's: do without, or depend on {others[top]}"
            if wrong:
                shown = f"{module}.{name}" if name else module
                problems.append(f"{path.name}, line {line}: {shown} is {wrong}")
    return problems


def _canonical(requirement: str) -> str:
    name = re.match(r"[\w.-]*", requirement)
    return re.sub(r"[-_.]+", "-", name.group() if name else "").lower()


def _sources(module: ModuleType) -> list[Path]:
    """A package's Python files, its tests left out; a module is one file."""
    file = Path(module.__file__ or "")
    if not hasattr(module, "__path__"):
        return [file]
    folder = file.parent
    return [p for p in sorted(folder.rglob("*.py")) if "tests" not in p.relative_to(folder).parts]


def _imports(tree: ast.AST) -> Iterable[tuple[int, str, str | None]]:
    """Line, module and name of each absolute import; the name is None for `import module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)
