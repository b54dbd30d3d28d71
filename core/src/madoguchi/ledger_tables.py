"""The tables of deliveries to many: what goes out, in which chunks, and what LINE said to each.

They stand beside `outgoing`, not in it: see docs/decisions/0030. A chunk's row is small, because it
is written three times; its recipients and their addresses lie in `parcel`, written once.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)

from .store import UTCDateTime
from .tables import _Id, _table, metadata, resident

__all__ = ["chunk", "delivery", "drill_friend", "metadata", "parcel"]

delivery = _table(
    "delivery",
    Column("id", _Id, primary_key=True),
    # `plugin/…`: what the plugin calls it. The retry keys of its chunks are derived from it.
    Column("key", Text, nullable=False, unique=True),
    # "live" or "drill": another channel, with other friends.
    Column("channel", Text, nullable=False),
    # "multicast" or "broadcast", chosen once.
    Column("kind", Text, nullable=False),
    # freezing → frozen → sending ⇄ paused → done, or cancelled.
    Column("state", Text, nullable=False),
    # Why it is paused: "staff", or what LINE or the ledger stopped it for.
    Column("reason", Text),
    Column("detail", Text),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    # Seconds over which the chunks are spread; 0: as fast as LINE allows.
    Column("spread", Double, nullable=False, server_default=text("0")),
    Column("messages", LargeBinary, nullable=False),
    Column("chunks", Integer, nullable=False, server_default=text("0")),
    Column("frozen", Integer, nullable=False, server_default=text("0")),
    Column("created", Double, nullable=False, index=True),
    Column("started", Double),
    Column("ended", Double),
    sqlite_autoincrement=True,
)
_open = text("state IN ('sending', 'cancelled') AND ended IS NULL")
Index("ix_delivery_open", delivery.c.channel, sqlite_where=_open, postgresql_where=_open)

chunk = _table(
    "chunk",
    Column("id", _Id, primary_key=True),
    Column("delivery_id", _Id, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False),
    Column("n", Integer, nullable=False),
    # The retry key: derived, never random. Another one only after LINE refused ids of it.
    Column("key", Text, nullable=False, unique=True),
    # waiting → accepted, or unknown, or left out.
    Column("state", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("left_out", Integer, nullable=False, server_default=text("0")),
    # How many of those left out LINE itself refused.
    Column("bad", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    # The first try of which nobody knows whether LINE took it: it fixes the bytes.
    Column("first_try", Double),
    Column("next_try", Double, nullable=False, server_default=text("0")),
    Column("accepted_at", Double),
    Column("request_id", Text),
    Column("error", Text),
    UniqueConstraint("delivery_id", "n"),
)
_waiting = text("state = 'waiting'")
Index(
    "ix_chunk_waiting",
    chunk.c.delivery_id,
    chunk.c.next_try,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index("ix_chunk_count", chunk.c.delivery_id, chunk.c.state, chunk.c.size, chunk.c.left_out)

parcel = _table(
    "parcel",
    Column("chunk_id", _Id, ForeignKey("chunk.id", ondelete="CASCADE"), primary_key=True),
    # The lowest and the highest id among the recipients.
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    # Ids of residents (of drill friends, in a drill), ascending, those left out included.
    Column("recipients", JSON, nullable=False),
    # Id → why they were left out.
    Column("left_out", JSON, nullable=False),
    # LINE's `to`, as bytes of JSON; emptied when LINE has taken it.
    Column("addresses", LargeBinary, nullable=False),
)

# So that who has gone is found in a chunk without looking at everybody in it.
Index(
    "ix_resident_gone",
    resident.c.id,
    sqlite_where=text("NOT follows"),
    postgresql_where=text("NOT follows"),
)

# The friends of the channel for drills: another account, other people, nothing of them kept.
drill_friend = _table(
    "drill_friend",
    Column("id", _Id, primary_key=True),
    Column("line_id", Text, nullable=False, unique=True),
    Column("follows", Boolean, nullable=False),
    Column("state_at", BigInteger, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    sqlite_autoincrement=True,
)
