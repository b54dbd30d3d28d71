"""`python -m madoguchi`: the command line, with the Python of one's choice."""

from madoguchi.cli import main

main()
