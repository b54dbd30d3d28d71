"""Measure madoguchi beside the ways such a bot is usually built: `./run bench NAME`.

What is measured runs as processes of its own on one core; the load generator, which also plays
LINE, has the other one. Every bench runs its baseline in the same rounds, prints a table and ends
with one line of JSON; `--record` writes the table into docs/performance.md.
"""
