"""Collection days: what a city's calendar says, for which area, and what happens on a day.

Pure modules: no web, no LINE, no database, and `today` is always given.
"""
