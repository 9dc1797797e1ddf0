"""``python -m broadsheet``: the command line, where no script is installed."""

import sys

from broadsheet.cli import main

sys.exit(main())
