"""How often a channel may call each endpoint (R27)."""

from .clock import Clock
from .errors import Refusal

_HOUR = 3600.0

# Calls per second; everything that is not named here is allowed 2,000 a second.
RATES = {
    "multicast": 200.0,
    "broadcast": 60 / _HOUR,
    "narrowcast": 60 / _HOUR,
    "webhook/test": 60 / _HOUR,
    "webhook/endpoint": 1000 / 60,
    "loading": 100.0,
    "insight": 60 / _HOUR,
    "createRichMenu": 100 / _HOUR,
    "deleteRichMenu": 100 / _HOUR,
    "deleteRichMenuAlias": 100 / _HOUR,
    "richMenuBatchProgress": 100 / _HOUR,
    "batchRichMenu": 3 / _HOUR,
    "listRichMenus": 10.0,
    "accessToken": 370.0,
}
_OTHER = 2000.0


class RateLimits:
    """One token bucket per endpoint: as many tokens as its window allows, refilled evenly."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, endpoint: str, bucket: str, scale: float) -> None:
        """Count one call of an endpoint; the method counts, so ``bucket`` may be finer.

        ``scale`` is a factor on the limit, 0 means no limit.

        Raises:
            Refusal: 429 with the text that means "wait and repeat" (R26).
        """
        if not scale:
            return
        documented = RATES.get(endpoint, _OTHER)
        rate = documented * scale
        # A limit of 60 an hour lets 60 calls through at once, one of 200 a second 200.
        size = max(1.0, rate * (1.0 if documented >= 1 else _HOUR))
        now = self._clock.time()
        tokens, last = self._buckets.get(bucket, (size, now))
        tokens = min(size, tokens + max(0.0, now - last) * rate)
        if tokens < 1:
            self._buckets[bucket] = (tokens, now)
            raise Refusal(429, "The API rate limit has been exceeded. Try again later.")
        self._buckets[bucket] = (tokens - 1, now)

    def refill(self) -> None:
        """All buckets are full again."""
        self._buckets.clear()
