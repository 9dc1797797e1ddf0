"""Claims: the ledger, the one comparison, the rule, and verdicts then and now.

`claim` reads a row of the ledger, `decide` gives its verdict from the measured rows, `check` does
the same for a claim that is in no ledger. A verdict has `now` (all rows) and `then` (rows of the
claim's own time), each with `verdict`, `met`, `in_part`, `of`, `typical`, `spread`,
`uncertainty`, `robust`, `flips`, `condition`, `answer` and `label`.

Tidy frames for a notebook, one thing a row:

- `findings(verdict)`: every comparison with its number, interval, outcome, stretch, ratios at 20 to
  100 tok/s/user; ``role="deciding"``, ``"beside"``, ``"limit"`` or ``"modelled"``;
- `ratios(compared, at)`: ratios at named speeds, why there is none, the rows behind each;
- `fronts(compared)`: every measured point of both sides, with `on_front`; `used(compared)` has each
  row once;
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

from frontier.claims.checking import Check, check
from frontier.claims.deciding import VERDICT_MIME, State, Verdict, decide, ledger_rows, rows_used
from frontier.claims.entries import Claim, claim, comparisons, credits, ledger, levers, ratio, read
from frontier.claims.frames import SPEEDS, curve, findings, fronts, needed, parts, ratios, used
from frontier.claims.kinds import Comparison
from frontier.claims.rule import Finding, Target
from frontier.claims.sides import Basis, Rows, prepared

__all__ = ["SPEEDS", "VERDICT_MIME", "Basis", "Check", "Claim", "Comparison", "Finding", "Rows"]
__all__ += ["State", "Target", "Verdict", "check", "claim", "comparisons", "credits", "curve"]
__all__ += ["decide", "findings", "fronts", "ledger", "ledger_rows", "levers", "needed", "parts"]
__all__ += ["prepared", "ratio", "ratios", "read", "rows_used", "used"]
