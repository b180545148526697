"""Measurements and proofs that run from the command line.

``python -m omega_portfolio.bench`` has four commands. ``equivalence`` applies the same random
operations to both backends and compares every column. ``exactness`` counts how often an account
that books from a float average price misses the cash flow, next to the same account here.
``zero-copy`` compares buffer addresses on both sides of the hand-over to Polars and times it.
``history`` builds an equity curve of 100 million rows and looks at its speed, memory and reading.

No module of the engine imports this package.
"""
