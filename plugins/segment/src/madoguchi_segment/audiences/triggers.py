"""The SQL that keeps `segment_index`: triggers on the core's `resident` and `profile`.

Whoever writes a profile (a form, a file, the core's retention, an erasure) writes the index in the
same transaction. A change of this text needs a migration that calls `make` again.
"""

from collections.abc import Iterator

from madoguchi_segment.audiences.tables import (
    BIRTHDATES,
    BITS,
    CHILDREN,
    CHOICES,
    INDEXED,
    WORDS,
)

NAMES = (
    "segment_index_met",
    "segment_index_state",
    "segment_index_told",
    "segment_index_changed",
    "segment_index_taken",
)
_FIELDS = ", ".join(f"'{one}'" for one in INDEXED)
_CHOICES = ", ".join(f"'{one}'" for one in CHOICES)
_COLUMNS = ", ".join(
    [*(f"w{n}" for n in range(WORDS)), "answered", *(f"born{n}" for n in range(BIRTHDATES))]
)
_ANSWERED = " ".join(f"WHEN '{field}' THEN {1 << n}" for n, field in enumerate(INDEXED))

_MET = (
    "INSERT INTO segment_index (resident_id, follows, language, followed_at)"
    " SELECT id, follows, language, followed_at FROM resident"
)


def make(dialect: str) -> Iterator[str]:
    """The statements that make the triggers, and take away those that were there."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def fill(dialect: str) -> Iterator[str]:
    """The statements that write the empty index from what is there."""
    yield _MET
    yield _learn(dialect, "profile p, ", "p.field", "p.value")
    if dialect == "postgresql":  # or it plans for tables of another size
        yield "ANALYZE profile, segment_index, segment_term"
    yield _keep(dialect, "segment_index.resident_id")


def find(dialect: str) -> str:
    """The statement that counts how many of the triggers are there and work."""
    names = ", ".join(f"'{name}'" for name in NAMES)
    if dialect == "sqlite":
        return f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN ({names})"
    return f"SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'D' AND tgname IN ({names})"


def _learn(dialect: str, rows: str, field: str, value: str) -> str:
    """The statement that gives every new answer a term. `rows`: what FROM begins with, or ""."""
    only = " AND e.type = 'text'" if dialect == "sqlite" else ""
    late = "" if dialect == "sqlite" else " ON CONFLICT DO NOTHING"
    return (
        f"INSERT INTO segment_term (field, value) SELECT DISTINCT {field}, e.value"
        f" FROM {rows}{_each(dialect, value)} WHERE {field} IN ({_CHOICES}){only} AND NOT EXISTS"
        f" (SELECT 1 FROM segment_term t WHERE t.field = {field} AND t.value = e.value){late}"
    )


def _keep(dialect: str, who: str) -> str:
    """The statement that writes rows anew; `who` is the resident's number, or a column of them."""
    return (
        f"UPDATE segment_index SET ({_COLUMNS}) = (SELECT {_columns(dialect)}"
        f" FROM ({_told(dialect, who)}) a, ({_bits(dialect, who)}) b)"
    )


def _columns(dialect: str) -> str:
    births = [_birth(dialect, n) for n in range(BIRTHDATES)]
    return ", ".join([*(f"b.w{n}" for n in range(WORDS)), "a.answered", *births])


def _told(dialect: str, who: str) -> str:
    """Which questions are answered, and the children."""
    value = "value" if dialect == "sqlite" else "value::text"
    text = f"max(CASE WHEN field = '{CHILDREN}' THEN {value} END)"
    children = text if dialect == "sqlite" else f"({text})::json"
    return (
        f"SELECT coalesce(sum(CASE field {_ANSWERED} END), 0) AS answered, {children} AS children"
        f" FROM profile WHERE resident_id = {who} AND field IN ({_FIELDS})"
    )


def _birth(dialect: str, n: int) -> str:
    if dialect == "sqlite":
        date = f"json_extract(a.children, '$[{n}].birthdate')"
        return f"CAST(replace({date}, '-', '') AS INTEGER)"
    date = f"(a.children -> {n} ->> 'birthdate')"
    # What is no date must not hold up the resident who saves it.
    shape = "'^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
    return f"CASE WHEN {date} ~ {shape} THEN replace({date}, '-', '')::int END"


def _bits(dialect: str, who: str) -> str:
    # SQLite goes through the tables of CROSS JOIN in this order: the terms last, by their index.
    join = "CROSS JOIN"
    theirs = (
        f"FROM profile p {join} {_each(dialect, 'p.value')} {join} segment_term t"
        f" WHERE p.resident_id = {who} AND p.field IN ({_CHOICES})"
        f" AND t.field = p.field AND t.value = e.value AND t.id < {WORDS * BITS}"
    )
    if dialect == "sqlite":
        # SQLite has no bit_or: the same answer twice must not be added twice.
        theirs = f"FROM (SELECT DISTINCT t.id {theirs}) t"
        word = f"coalesce(sum(CASE WHEN t.id / {BITS} = {{n}} THEN 1 << (t.id % {BITS}) END), 0)"
    else:
        bit = f"1::bigint << (t.id % {BITS})"
        word = f"coalesce(bit_or(CASE WHEN t.id / {BITS} = {{n}} THEN {bit} END), 0)"
    return "SELECT " + ", ".join(f"{word.format(n=n)} AS w{n}" for n in range(WORDS)) + f" {theirs}"


def _each(dialect: str, value: str) -> str:
    """One answer, or several, as rows `e`."""
    if dialect == "sqlite":
        return f"json_each({value}) e"
    several = f"json_typeof({value}) = 'array'"
    listed = f"CASE WHEN {several} THEN {value} ELSE json_build_array({value}) END"
    return f"LATERAL json_array_elements_text({listed}) AS e(value)"


def _sqlite() -> Iterator[str]:
    yield from (f"DROP TRIGGER IF EXISTS {name}" for name in NAMES)
    met, state, told, changed, taken = NAMES
    yield f"CREATE TRIGGER {met} AFTER INSERT ON resident BEGIN {_MET} WHERE id = new.id; END"
    yield (
        f"CREATE TRIGGER {state} AFTER UPDATE OF follows, language, followed_at ON resident BEGIN"
        " UPDATE segment_index SET follows = new.follows, language = new.language,"
        " followed_at = new.followed_at WHERE resident_id = new.id; END"
    )
    here = "WHERE resident_id = {row}.resident_id;"
    learned = _learn("sqlite", "", "new.field", "new.value")
    kept = _keep("sqlite", "new.resident_id")
    when = f"WHEN new.field IN ({_FIELDS}) BEGIN {learned}; {kept} {here.format(row='new')} END"
    yield f"CREATE TRIGGER {told} AFTER INSERT ON profile {when}"
    yield f"CREATE TRIGGER {changed} AFTER UPDATE ON profile {when}"
    yield (
        f"CREATE TRIGGER {taken} AFTER DELETE ON profile WHEN old.field IN ({_FIELDS}) BEGIN"
        f" {_keep('sqlite', 'old.resident_id')} {here.format(row='old')} END"
    )


def _postgresql() -> Iterator[str]:
    met, state, told, changed, taken = NAMES
    for name, table in zip(NAMES, ["resident"] * 2 + ["profile"] * 3, strict=True):
        yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
    function = (
        "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $body$ {} $body$"
    )
    yield function.format(
        "segment_index_meet",
        f"BEGIN {_MET} WHERE id = NEW.id; RETURN NULL; END",
    )
    yield function.format(
        "segment_index_follow",
        "BEGIN UPDATE segment_index SET follows = NEW.follows, language = NEW.language,"
        " followed_at = NEW.followed_at WHERE resident_id = NEW.id; RETURN NULL; END",
    )
    # The row is locked by a statement of its own: the next one sees what whoever held it has done.
    yield function.format(
        "segment_index_keep",
        "DECLARE who bigint; asked text; BEGIN"
        " IF TG_OP = 'DELETE' THEN who := OLD.resident_id; asked := OLD.field;"
        " ELSE who := NEW.resident_id; asked := NEW.field; END IF;"
        f" IF asked NOT IN ({_FIELDS}) THEN RETURN NULL; END IF;"
        " PERFORM 1 FROM segment_index WHERE resident_id = who FOR UPDATE;"
        f" IF TG_OP <> 'DELETE' THEN {_learn('postgresql', '', 'NEW.field', 'NEW.value')}; END IF;"
        f" {_keep('postgresql', 'who')} WHERE resident_id = who; RETURN NULL; END",
    )
    each = "FOR EACH ROW EXECUTE FUNCTION"
    yield f"CREATE TRIGGER {met} AFTER INSERT ON resident {each} segment_index_meet()"
    yield (
        f"CREATE TRIGGER {state} AFTER UPDATE OF follows, language, followed_at ON resident {each}"
        " segment_index_follow()"
    )
    for name, event in ((told, "INSERT"), (changed, "UPDATE"), (taken, "DELETE")):
        yield f"CREATE TRIGGER {name} AFTER {event} ON profile {each} segment_index_keep()"
