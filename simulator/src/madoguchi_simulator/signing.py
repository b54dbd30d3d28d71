"""ID tokens: the keys that sign them, and reading them again (R54)."""

import json
import sqlite3
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm
from jwt.types import Options

from .database import read_memo, write_memo
from .identifiers import new_token

ISSUER = "https://access.line.me"
_SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Signing:
    """The platform's ES256 keys, made at the first use and kept. The newest one signs."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        for key_id, pem in json.loads(read_memo(db, "signing_keys") or "{}").items():
            key = load_pem_private_key(pem.encode(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            self._keys[key_id] = key

    def rotate(self) -> str:
        """Sign with a new key from now on; returns its id. Old tokens stay good."""
        key_id = new_token()
        self._keys[key_id] = ec.generate_private_key(ec.SECP256R1())
        pems = {
            one: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            for one, key in self._keys.items()
        }
        write_memo(self._db, "signing_keys", json.dumps(pems))
        self._db.commit()
        return key_id

    def sign(self, claims: dict[str, Any]) -> str:
        """An ES256 token, as LIFF gives them."""
        key_id = self._newest()
        return jwt.encode(claims, self._keys[key_id], "ES256", headers={"kid": key_id})

    def sign_with_secret(self, claims: dict[str, Any], secret: str) -> str:
        """An HS256 token, as web login gives them."""
        return jwt.encode(claims, secret, "HS256")

    def read(self, token: str, secret: str) -> dict[str, Any] | None:
        """The claims of a token that is signed by us or with the channel's secret, else None.

        Whether it is still good, and for whom, is the caller's to judge, by the platform's clock.
        """
        try:
            header = jwt.get_unverified_header(token)
            key: Any = None
            if header.get("alg") == "ES256" and header.get("kid") in self._keys:
                key = self._keys[header["kid"]].public_key()
            elif header.get("alg") == "HS256":
                key = secret
            if key is None:
                return None
            return jwt.decode(token, key, algorithms=[header["alg"]], options=_SIGNATURE_ALONE)
        except jwt.PyJWTError:
            return None

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set."""
        self._newest()
        return {
            "keys": [
                {
                    "kid": key_id,
                    "alg": "ES256",
                    "use": "sig",
                    **ECAlgorithm.to_jwk(key.public_key(), as_dict=True),
                }
                for key_id, key in self._keys.items()
            ]
        }

    def _newest(self) -> str:
        return next(reversed(self._keys), "") or self.rotate()
