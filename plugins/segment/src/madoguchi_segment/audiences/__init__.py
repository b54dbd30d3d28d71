"""送る相手: who gets a delivery. The public API of audiences, for pages, deliveries and plugins.

condition = read_condition(value, plugin.criteria)         # strict; ConditionError in words
await job.read(count, condition, plugin.criteria, job.now)
await job.read(explain, condition, plugin.criteria, job.now)
async for ids in stream_ids(job.read, condition, plugin.criteria, job.now): …
describe(condition, plugin.criteria)                       # 「本町か駅前に住む人で、…」
"""

from madoguchi_segment.audiences.compiling import AudienceUnavailable
from madoguchi_segment.audiences.condition import (
    Age,
    Aged,
    AllOf,
    AnyOf,
    Chosen,
    Condition,
    Dated,
    Everyone,
    Followed,
    Known,
    Not,
    Speaks,
    Unanswered,
    fields_of,
    leaves,
)
from madoguchi_segment.audiences.counting import (
    Band,
    Explanation,
    Friends,
    LeftOut,
    bands,
    count,
    count_friends,
    count_set,
    explain,
    matches,
)
from madoguchi_segment.audiences.describing import describe
from madoguchi_segment.audiences.freezing import freeze, read_ids, stream_ids
from madoguchi_segment.audiences.reading import ConditionError, read_condition, write_condition

__all__ = [
    "Age",
    "Aged",
    "AllOf",
    "AnyOf",
    "AudienceUnavailable",
    "Band",
    "Chosen",
    "Condition",
    "ConditionError",
    "Dated",
    "Everyone",
    "Explanation",
    "Followed",
    "Friends",
    "Known",
    "LeftOut",
    "Not",
    "Speaks",
    "Unanswered",
    "bands",
    "count",
    "count_friends",
    "count_set",
    "describe",
    "explain",
    "fields_of",
    "freeze",
    "leaves",
    "matches",
    "read_condition",
    "read_ids",
    "stream_ids",
    "write_condition",
]
