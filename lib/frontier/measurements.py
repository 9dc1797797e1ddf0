"""The name under which others know `data.measurements`."""

import sys

from frontier.data import measurements

sys.modules[__name__] = measurements
