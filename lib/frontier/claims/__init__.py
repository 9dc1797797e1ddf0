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

from frontier.claims.decide import (
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
from frontier.claims.entries import Claim, Test, claim, credits, ledger, levers, read
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


def comparisons(claim: Claim, rows, /, *, known_by=None, beside: bool = False) -> list[Comparison]:
    """Return what decides a claim (or, with `beside`, what is shown with it), tested or not.

    `known_by` is the last day by which rows were measured.
    """
    from frontier.claims.entries import build

    return build(claim, prepared(rows), known_by=known_by, beside=beside)


def ratio(
    rows, /, above, below, *, traffic: str, basis: Basis = Basis(), known_by=None, **labels
) -> Comparison:
    """Return a reader's own ratio: two selections of rows in one traffic.

    `labels` are `above` and `below` in words as `above_label` and `below_label`. UsageError, with
    what there is, where a side has no rows; one that says why where the two cannot be compared.

    >>> from frontier import measurements
    >>> rows = measurements.load_measurements()
    >>> where = {"model": "deepseek-r1"}
    >>> one = ratio(rows, {**where, "hardware": "gb200"}, {**where, "hardware": "h200"},
    ...             traffic="8192/1024", basis=Basis(per="MW"))
    >>> one.range[0] > 10, one.value() > 1
    (True, True)
    """
    from frontier import measurements
    from frontier.claims.kinds import Ratio
    from frontier.errors import UsageError

    ready = prepared(rows)
    sides = []
    for selection in (above, below):
        asked = {"shape": traffic, **selection}
        side = ready.side(asked, basis, known_by=known_by)
        if not len(side):
            measurements.select(ready.frame, **asked)  # raises, and lists what there is
            raise UsageError(f"no row of {asked} was measured by {known_by}")
        sides.append(side)
    models = {one["model"] for one in (above, below) if isinstance(one.get("model"), str)}
    made = Ratio(
        above=labels.get("above_label", str(above.get("hardware", "above"))),
        below=labels.get("below_label", str(below.get("hardware", "below"))),
        unit="x",
        attributes={"traffic": traffic, **({"model": models.pop()} if len(models) == 1 else {})},
        top=sides[0],
        bottom=sides[1],
    )
    if made.untested:
        raise UsageError(f"{made.label}: {made.untested}")
    return made
