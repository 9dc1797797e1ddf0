"""Notebooks in, a static site out.

The package knows notebooks, parameters, files and verdict records, and nothing about
inference: what it needs of the data (the values a parameter may take, the ledger's rows,
the digests of the tables) is handed to ``build.build`` by the caller. Submodules are
imported where they are used, because execution and conversion take most of a second to
import and most commands need neither.
"""
