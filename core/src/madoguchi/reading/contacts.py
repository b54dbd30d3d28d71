"""Ways to reach people: telephone, postcode, mail."""

import re

from madoguchi.reading.texts import Unreadable, fold

_PHONE = re.compile(
    r"(?:(?:tel|電話|携帯|番号)[:.]?)*(?P<number>\+?[0-9().-]{9,25})", re.IGNORECASE
)
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_MAIL = re.compile(
    rf"(?P<local>{_LOCAL})@(?P<domain>(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]+))"
)


def read_phone(text: str) -> str:
    """A number of Japan in digits from its 0, `0312345678`; +81 and hyphens as they come."""
    from phonenumbers import NumberParseException, is_valid_number, parse

    found = _PHONE.fullmatch(fold(text))
    try:
        number = parse(found["number"], "JP") if found else None
    except NumberParseException:
        number = None
    if number is None or number.country_code != 81 or not is_valid_number(number):
        raise Unreadable("電話番号を市外局番から入力してください。例: 03-1234-5678、090-1234-5678")
    return f"0{number.national_number}"


def show_phone(phone: str) -> str:
    """`0312345678` as `03-1234-5678`: hyphens where this area has them."""
    from phonenumbers import PhoneNumberFormat, format_number, parse

    return format_number(parse(phone, "JP"), PhoneNumberFormat.NATIONAL)


def read_postcode(text: str) -> str:
    """Seven digits: `1000001`."""
    digits = re.sub("^(?:〒|郵便番号:?)|-", "", fold(text))
    if not re.fullmatch("[0-9]{7}", digits):
        raise Unreadable("郵便番号を数字7けたで入力してください。例: 100-0001")
    return digits


def show_postcode(postcode: str) -> str:
    """`1000001` as `〒100-0001`."""
    return f"〒{postcode[:3]}-{postcode[3:]}"


def read_email(text: str) -> str:
    """A mail address, the domain in lower case; a Japanese domain as `xn--…`.

    Dots may stand anywhere before the @: Japan's mobile carriers gave out `a..b.@` by the million,
    which is why no library decides here.
    """
    local, _, domain = fold(text, 254).removeprefix("mailto:").rpartition("@")
    if len(text.split()) > 1:
        local = ""  # a space inside: two addresses, or half of one
    try:
        domain = domain.replace("。", ".").encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    if not _MAIL.fullmatch(f"{local}@{domain}") or len(local) + len(domain) > 253:
        raise Unreadable("メールアドレスを入力してください。例: taro@example.jp")
    return f"{local}@{domain}"
