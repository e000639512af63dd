"""Queries as plans: few SQL statements, and a function made for each that turns its rows into JSON.

`Plans.answer` is where it begins. `planner` makes a plan of a selection, `bound` gives it the values of a
request, `run` reads and answers. Whatever is out of the ordinary is left to graphql-core: its answers, and
above all its errors, are the only ones there are. docs/compiler.md follows a query through it.
"""

from graph.compiler.plans import Counts, Plans, TooLarge

__all__ = ["Counts", "Plans", "TooLarge"]
