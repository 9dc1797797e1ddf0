"""The engine as papermill knows it: ``papermill --engine broadsheet IN.ipynb OUT.ipynb``.

papermill imports this module by its entry point, while it is being imported itself: nothing else
of it but what is extended can be imported here, and nobody but papermill should import this first.
"""

from papermill import engines


class Engine(engines.Engine):
    """papermill's nbclient engine with a limit on the whole notebook and with deaths recorded."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, kernel=None, **_ignored):
        """Run the notebook in this kernel, or in one of its own where papermill is the caller.

        That one is started plainly in the current folder, and has no limit on its time.
        """
        from broadsheet import run

        run.manage(nb_man, kernel)
