"""Notebooks in, a static site out.

The package knows notebooks, parameters, files and verdict records, and nothing about
inference: what it needs of the data (the values a parameter may take, the ledger's rows,
the digests of the tables) is handed to ``build.build`` by the caller. Submodules are
imported where they are used, because execution and conversion take most of a second to
import and most commands need neither.

    build, sweep   what is asked for: a site of reports, or one report with many parameters
    plan           what of it is not fresh, and why
    campaign       doing that: tasks out, reports in, the site replaced
    executors      who works: processes here, or a Dask cluster
    work, run      what a worker does: run a notebook, make its page
    kernel, warm   the kernels, and forking them
    store, record, site, digests   what is kept, and how it is told apart
    diff, pages    two sites compared; everything as HTML
"""
