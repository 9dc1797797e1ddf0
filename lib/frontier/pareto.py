"""The name under which others know `curves.pareto`."""

import sys

from frontier.curves import pareto

sys.modules[__name__] = pareto
