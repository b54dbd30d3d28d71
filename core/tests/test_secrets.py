import pytest

from madoguchi.config import check_gateway
from madoguchi.secrets import derive, secret_of


def test_it_is_the_hkdf_that_others_have():
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    for length in (1, 16, 32, 33, 100, 8160):
        theirs = HKDF(SHA256(), length, b"madoguchi", b"liff session").derive("窓口".encode())
        assert derive("窓口", "liff session", length) == theirs


def test_uses_and_secrets_have_nothing_in_common():
    keys = {derive(secret, use) for secret in ("a", "b") for use in ("session", "link")}
    assert len(keys) == 4


@pytest.mark.parametrize("length", [0, -1, 8161])
def test_a_key_without_bytes_or_with_too_many_is_refused(length):
    with pytest.raises(ValueError, match="8,160"):
        derive("secret", "use", length)


def test_the_channel_secret_stands_in_for_one_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("CHANNEL", "channel's")
    monkeypatch.setenv("OWN", "own")
    tables = {
        "city": dict.fromkeys(("label", "phone", "hours", "greeting", "fallback"), "x"),
        "line": {"channel_id": "1", "channel_secret": {"env": "CHANNEL"}},
    }
    file = tmp_path / "kita.toml"
    assert secret_of(check_gateway(tables, file).settings) == "channel's"
    own = check_gateway({**tables, "secret": {"env": "OWN"}}, file)
    assert secret_of(own.settings) == "own"
