"""ID tokens: what proves who a resident is, and what does not (R53, R54, R55)."""

import asyncio
import base64
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madoguchi.clock import Clock
from madoguchi.errors import KeysUnavailable, TokenRefused
from madoguchi.login import ISSUER, PAUSE, Login

CHANNEL = "1000000002"
HANAKO = "U" + "0" * 31 + "1"


class Line:
    """LINE's side: keys, their publication, tokens signed with them."""

    def __init__(self):
        self.keys = {"k1": ec.generate_private_key(ec.SECP256R1())}
        self.asked = 0
        self.down = False

    async def publish(self):
        self.asked += 1
        if self.down:
            raise TimeoutError
        algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
        return {
            "keys": [
                {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "alg": "ES256"}
                for kid, key in self.keys.items()
            ]
        }

    def sign(self, clock, kid="k1", key=None, algorithm="ES256", **changes):
        now = int(clock.time())
        claims = {"iss": ISSUER, "sub": HANAKO, "aud": CHANNEL, "exp": now + 3600, "iat": now}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(claims, key or self.keys[kid], algorithm, headers={"kid": kid})


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def login(line, clock):
    return Login([CHANNEL, "1000000003"], line.publish, clock)


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def verify(login, token):
    return asyncio.run(login.verify(token))


def test_a_token_tells_who_it_is_and_keys_are_asked_for_once(login, line, clock):
    assert verify(login, line.sign(clock)) == HANAKO
    assert verify(login, line.sign(clock, aud="1000000003")) == HANAKO  # R63: several LIFF apps
    assert line.asked == 1


def test_forged_tokens_are_refused(login, line, clock):
    foreign = ec.generate_private_key(ec.SECP256R1())
    good = line.sign(clock)
    head, body, signature = good.split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = encode(json.dumps({**payload, "sub": "U" + "f" * 32}).encode())
    none = encode(b'{"alg":"none","kid":"k1"}')
    forged = {
        "another's name": f"{head}.{other}.{signature}",
        "alg none": f"{none}.{body}.",
        "no signature": f"{head}.{body}.",
        "HS256": line.sign(clock, key="secret" * 10, algorithm="HS256"),
        "a foreign key": line.sign(clock, key=foreign),
        "a foreign channel": line.sign(clock, aud="2000000000"),
        "no channel": line.sign(clock, aud=None),
        "a foreign issuer": line.sign(clock, iss="https://access.line.example"),
        "no end": line.sign(clock, exp=None),
        "nobody": line.sign(clock, sub=None),
        "no user id": line.sign(clock, sub="admin"),
        "an unknown key id": jwt.encode({}, foreign, "ES256", headers={"kid": "k2"}),
        "no token": "hello",
        "nothing": "",
        "no ascii": "窓口.窓口.窓口",
    }
    for name, token in forged.items():
        with pytest.raises(TokenRefused) as refused:
            verify(login, token)
        assert not refused.value.expired, name
        assert HANAKO not in str(refused.value)


def test_the_public_key_is_no_secret_to_sign_with(login, line, clock):
    """The classic: HS256 with the published key as the secret."""
    published = json.dumps(asyncio.run(line.publish())["keys"][0]).encode()
    _, body, _ = line.sign(clock).split(".")
    signed = encode(b'{"alg":"HS256","kid":"k1"}') + "." + body
    token = f"{signed}.{encode(hmac.digest(published, signed.encode(), 'sha256'))}"
    with pytest.raises(TokenRefused):
        verify(login, token)


def test_r55_an_expired_token_is_told_apart(login, line, clock):
    token = line.sign(clock)
    clock.move(3601)
    with pytest.raises(TokenRefused) as refused:
        verify(login, token)
    assert refused.value.expired


def test_a_new_key_is_fetched_and_never_more_often_than_once_a_minute(login, line, clock):
    verify(login, line.sign(clock))
    line.keys["k2"] = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(TokenRefused):
        verify(login, line.sign(clock, kid="k2"))
    assert line.asked == 1, "within the minute nobody is asked, whatever tokens say"
    clock.move(PAUSE)
    assert verify(login, line.sign(clock, kid="k2")) == HANAKO
    clock.move(PAUSE)
    for number in range(50):
        with pytest.raises(TokenRefused):
            verify(login, line.sign(clock, kid=f"x{number}", key=line.keys["k1"]))
    assert line.asked == 3


def test_a_key_that_was_withdrawn_is_forgotten_within_a_day(login, line, clock):
    verify(login, line.sign(clock))
    old = line.keys.pop("k1")
    line.keys["k2"] = ec.generate_private_key(ec.SECP256R1())
    clock.move(24 * 3600 + 1)
    with pytest.raises(TokenRefused):
        verify(login, line.sign(clock, kid="k1", key=old))


def test_without_lines_keys_nobody_is_let_in_and_known_keys_go_on(login, line, clock):
    line.down = True
    with pytest.raises(KeysUnavailable):
        verify(login, line.sign(clock))
    line.down = False
    with pytest.raises(KeysUnavailable):
        verify(login, line.sign(clock))
    clock.move(PAUSE)
    assert verify(login, line.sign(clock)) == HANAKO
    line.down = True
    clock.move(2 * 24 * 3600)
    assert verify(login, line.sign(clock)) == HANAKO


def test_many_at_once_ask_for_the_keys_once(login, line, clock):
    async def all_at_once():
        tokens = [line.sign(clock) for _ in range(20)]
        return await asyncio.gather(*map(login.verify, tokens))

    assert set(asyncio.run(all_at_once())) == {HANAKO}
    assert line.asked == 1
