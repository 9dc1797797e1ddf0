"""Claims: the ledger, the one comparison, the rule, and verdicts then and now.

`claim` reads a row of the ledger, `decide` gives its verdict from the measured rows, `check` does
the same for a claim that is in no ledger. A verdict has `now` (all rows) and `then` (rows of the
claim's own time), each with `verdict`, `met`, `in_part`, `of`, `typical`, `spread`,
`uncertainty`, `robust`, `flips`, `condition`, `answer` and `label`.

Tidy frames for a notebook, one thing a row:

- `findings(verdict)`: every comparison with its number, interval, outcome, stretch, ratios at 20 to
  100 tok/s/user; ``role="deciding"``, ``"beside"``, ``"limit"`` or ``"modelled"``;
- `ratios(compared, at)`: ratios at named speeds, why there is none, the rows behind each;
- `fronts(compared)`: every measured point of both sides, with `on_front`;
- `curve(compared)`: the ratio over interactivity, by step and semilog;
- `needed(compared, value)`: what one would have to assume to get a value;
- `verdict.now.variations`: the sensitivity; `verdict.moved`: what moved since the claim;
- `parts(split)`: what each change of a gain is worth.

`compared` is one comparison or several: `comparisons(claim, rows)`, or `ratio(rows, ...)` for a
reader's own.

>>> from frontier import claims, measurements
>>> rows = measurements.load_measurements()
>>> compared = claims.comparisons(claims.claim("blackwell-advantage-40x"), rows)
>>> claims.ratios(compared, at=[50])["value"].max() > 10
np.True_
"""

from broadsheet import FILES_MIME
from frontier.claims.checking import Check, check
from frontier.claims.deciding import (
    LABELS,
    VERDICT_MIME,
    State,
    Verdict,
    blank,
    bounds,
    brief,
    card,
    decide,
    ledger_rows,
    rows_used,
    state,
    stated,
)
from frontier.claims.entries import (
    Claim,
    Test,
    claim,
    comparisons,
    credits,
    ledger,
    levers,
    ratio,
    read,
)
from frontier.claims.frames import (
    SPEEDS,
    curve,
    findings,
    fronts,
    modelled_steps,
    needed,
    parts,
    ratios,
)
from frontier.claims.kinds import Comparison
from frontier.claims.rule import Finding, Target, examine
from frontier.claims.sides import Basis, Rows, prepared

__all__ = [
    "FILES_MIME",
    "LABELS",
    "SPEEDS",
    "VERDICT_MIME",
    "Basis",
    "Check",
    "Claim",
    "Comparison",
    "Finding",
    "Rows",
    "State",
    "Target",
    "Test",
    "Verdict",
    "blank",
    "bounds",
    "brief",
    "card",
    "check",
    "claim",
    "comparisons",
    "credits",
    "curve",
    "decide",
    "examine",
    "findings",
    "fronts",
    "ledger",
    "ledger_rows",
    "levers",
    "modelled_steps",
    "needed",
    "parts",
    "prepared",
    "ratio",
    "ratios",
    "read",
    "rows_used",
    "state",
    "stated",
]
