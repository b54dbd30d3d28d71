"""`madoguchi connect`: a real account connected, step by step, each step checked.

What LINE's own screens, an address or a city's file call something stands in 『 』, letter by
letter, so that it is found there.
"""
