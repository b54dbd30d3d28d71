"""Reading what people in Japan type, and showing it again.

Pure functions: each returns one canonical value, or raises `Unreadable`, whose text tells the
resident what to do. Widths, kana, kanji numerals, hyphens and 和暦 are taken as they come.
"""

from madoguchi.reading.choices import read_choice
from madoguchi.reading.contacts import (
    read_email,
    read_phone,
    read_postcode,
    show_phone,
    show_postcode,
)
from madoguchi.reading.dates import read_birthdate, read_date, show_date, show_era
from madoguchi.reading.names import read_kana
from madoguchi.reading.numbers import read_number
from madoguchi.reading.texts import Unreadable, clean, length, read_line, read_text

__all__ = [
    "Unreadable",
    "clean",
    "length",
    "read_birthdate",
    "read_choice",
    "read_date",
    "read_email",
    "read_kana",
    "read_line",
    "read_number",
    "read_phone",
    "read_postcode",
    "read_text",
    "show_date",
    "show_era",
    "show_phone",
    "show_postcode",
]
