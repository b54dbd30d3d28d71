"""Residents' answers as tables, out and in: CSV and Excel, a row for each resident."""

from madoguchi.sheets import SheetRefused
from madoguchi_segment.sheets.checking import Checked, Problem
from madoguchi_segment.sheets.intake import check_file, take_file, take_some
from madoguchi_segment.sheets.writing import write_csv, write_excel

__all__ = [
    "Checked",
    "Problem",
    "SheetRefused",
    "check_file",
    "take_file",
    "take_some",
    "write_csv",
    "write_excel",
]
