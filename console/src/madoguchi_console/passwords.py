"""Passwords: argon2id, hashed in two threads of their own, as a hash takes 64 MB for a while."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200
_HASHER = PasswordHasher()
_POOL = ThreadPoolExecutor(2, thread_name_prefix="passwords")
_NOBODY = _HASHER.hash("nobody has this password")
COMMON = ("password", "passw0rd", "123456", "qwerty", "abcdef", "aaaaaa", "000000", "111111")


async def hash_password(typed: str) -> str:
    """A password as it is stored."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _HASHER.hash, typed)


async def check_password(stored: str | None, typed: str) -> bool:
    """Whether a password is right. It takes as long where there is none to compare with."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _check, stored, typed)


def is_outdated(stored: str) -> bool:
    """Whether a password that was right just now should be hashed anew."""
    return _HASHER.check_needs_rehash(stored)


def _check(stored: str | None, typed: str) -> bool:
    try:
        return _HASHER.verify(stored or _NOBODY, typed[:LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def find_fault(typed: str, again: str, *known: str) -> str:
    """What is wrong with a new password, and what to do; "" if nothing is.

    `known`: the person's name and mail address, which it must not contain.
    """
    if len(typed) < SHORTEST:
        return f"{SHORTEST}文字以上にしてください。ことばをいくつかつなげると、覚えやすくなります。"
    if len(typed) > LONGEST:
        return f"{LONGEST}文字までにしてください。"
    small = typed.lower()
    parts = [part for one in known for part in one.lower().split("@")[:1] if len(part) >= 4]
    if any(part in small for part in parts):
        return "お名前やメールアドレスを入れないでください。"
    if len(set(small)) < 5 or any(small.startswith(one) for one in COMMON):
        return "すぐに当てられてしまうパスワードです。別のものにしてください。"
    if typed != again:
        return "2つのパスワードがちがいます。もう一度入力してください。"
    return ""
