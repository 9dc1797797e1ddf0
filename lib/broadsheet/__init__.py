"""Notebooks in, static site out: parameters, plan, store, warm kernels, pages, publishing."""
