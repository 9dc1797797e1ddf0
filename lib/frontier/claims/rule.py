"""The rule: when a number meets a claim, and what a set of numbers makes of it.

A claim's form and tolerance are fixed by its wording before anything is computed. One comparison
*meets* it where its number does under the step and under the semilog curve, meets it *in part*
where both do on a connected stretch of at least a tenth of its log range, and else *misses* it.
The verdict is over the set, never over its best:

- ``reproduced``: every comparison meets it (of an ``up-to``, one does);
- ``reproduced-conditionally``: at least one does, wholly or in part;
- ``not-reproduced``: none does;
- ``modelled-only``: nothing was measured, but the serving model answers, or results at a limit;
- ``not-testable``: neither.

>>> target = Target("at-least", 40, 1.1)
>>> target.met(36.5), target.met(36.3)
(True, False)
>>> verdict(["meets", "misses", "untested"])
'reproduced-conditionally'
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from frontier.claims.kinds import HOWS, LEAST_SHARE, Comparison, Line
from frontier.data.words import number
from frontier.errors import UsageError, among

FORMS = ("at-least", "about", "between", "up-to", "at-point", "level")
STRETCHED = ("at-least", "about", "between")  # forms that can be met in part
MEETS, PART, MISSES, UNTESTED = "meets", "in part", "misses", "untested"
REPRODUCED, CONDITIONAL, NOT_REPRODUCED = (
    "reproduced",
    "reproduced-conditionally",
    "not-reproduced",
)
MODELLED_ONLY, NOT_TESTABLE = "modelled-only", "not-testable"
VERDICTS = (REPRODUCED, CONDITIONAL, NOT_REPRODUCED, MODELLED_ONLY, NOT_TESTABLE)
# How a claim is worded, and what that allows.
TOLERANCES = {
    "round number": 1.1,
    "about": 1.25,
    "comparative": 1.0,
    "our own bar": 1.0,
    "bound by a filing": 1.0,
}
# Attributes by which a condition may be told, in the order in which they are tried.
CONDITIONS = (
    *(
        "baseline",
        "traffic",
        "accelerator",
        "model",
        "counts",
        "meaning",
        "change",
        "setup",
        "speed",
    ),
)
_WORDS = {
    "baseline": "over {}",
    "traffic": "at {}",
    "accelerator": "on {}",
    "model": "with {}",
    "counts": "if {}",
    "meaning": "as {}",
    "change": "for {}",
    "setup": "{}",
}
TRAFFICS = {
    "traffic with answers no shorter than prompts": lambda isl, osl: osl >= isl,
    "traffic with answers no longer than prompts": lambda isl, osl: osl <= isl,
}


@dataclass(frozen=True)
class Target:
    """What counts as met: a form, the claimed value (and `high` of a range), and the tolerance.

    `at` is the interactivity of an ``at-point``, tok/s/user. With `everywhere` the least ratio over
    the speeds has to be met, not the mean.
    """

    form: str
    value: float
    tolerance: float = 1.0
    high: float | None = None
    at: float | None = None
    everywhere: bool = False

    def __post_init__(self):
        if self.form not in FORMS:
            raise UsageError(f"form is {self.form!r}; {among(self.form, FORMS)}")
        if not (np.isfinite(self.value) and self.value > 0):
            raise UsageError(f"the claimed value is {self.value!r}, not a number above 0")
        if (self.form == "between") != (self.high is not None):
            raise UsageError("a range needs the form 'between', and 'between' its upper end")
        if (self.form == "at-point") != (self.at is not None):
            raise UsageError("a speed needs the form 'at-point', and 'at-point' a speed")
        if self.high is not None and not self.high > self.value:
            raise UsageError(f"a range from {self.value:g} to {self.high:g} is none")

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest number that meets the claim."""
        low = self.value / self.tolerance
        if self.form == "about":
            return low, self.value * self.tolerance
        return low, np.inf if self.high is None else self.high * self.tolerance

    def met(self, *values: float) -> bool:
        """Whether all numbers meet the claim; a NaN does not."""
        low, high = self.bounds
        return all(bool(low <= value <= high) for value in values)


@dataclass(frozen=True)
class Stretch:
    """Where a claim is met, tok/s/user, and the share of the log range that this is."""

    low: float
    high: float
    share: float


@dataclass(frozen=True, eq=False, repr=False)
class Finding:
    """What one comparison gives for a claim.

    `value` is its number on the step curve and `estimate` on the semilog one; `low` and `high`
    bound it against run noise (95 %), or against the rounding of a filing, or are the interval of
    the model. `stretch` is where it meets the claim in part. `close` says that `low` to `high`
    spans a bound. `draws` are the values under noise, `bound` is the
    least number that meets the claim.
    """

    comparison: Comparison
    outcome: str
    value: float = np.nan
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    stretch: Stretch | None = None
    close: bool = False
    draws: np.ndarray | None = field(default=None)
    bound: float = np.nan

    def __repr__(self):
        told = self.comparison.untested
        if self.outcome != UNTESTED:
            told = f"{number(self.value)} ({number(self.low)} to {number(self.high)})"
        return f"<Finding: {self.comparison.label}; {self.outcome}, {told}>"

    @property
    def hit(self) -> bool:
        """Whether the claim is met, wholly or in part."""
        return self.outcome in (MEETS, PART)


def examine(
    comparison: Comparison, target: Target, /, *, how: str | None = None, noise: bool = True
) -> Finding:
    """Return what a comparison gives for a claim.

    With `how` one curve alone decides; without `noise` no interval is drawn, as for variations.
    """
    if comparison.untested:
        return Finding(comparison, UNTESTED)
    asked = {"form": "everywhere" if target.everywhere else target.form, "at": target.at}
    value, estimate = (comparison.value(one, **asked) for one in HOWS)
    if not np.isfinite(value):
        return Finding(comparison, UNTESTED)
    if how:
        value = estimate = (value, estimate)[HOWS.index(how)]
    if target.form == "up-to" and comparison.line and not how:
        # The largest ratio that both curves have at one speed.
        value = estimate = float(np.minimum(*comparison.line[1:]).max())
    stretch, outcome = None, MEETS
    if not target.met(value, estimate):
        if target.form in STRETCHED and comparison.line:
            stretch = longest(comparison.line, target, how=how)
        outcome = PART if stretch else MISSES
    draws = comparison.draws(**asked) if noise else None
    low, high = comparison.bounds() or (interval(draws) if draws is not None else (value, value))
    close = target.met(low) != target.met(high) or target.met(value) != target.met(low)
    return Finding(
        comparison, outcome, value, estimate, low, high, stretch, close, draws, target.bounds[0]
    )


def interval(draws: np.ndarray, /, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of draws; NaN where more than the rest has no number."""
    if np.isnan(draws).mean() > 1 - level:
        return np.nan, np.nan
    ends = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(ends[0]), float(ends[1])


def longest(
    line: Line, target: Target, /, *, how: str | None = None, least: float = LEAST_SHARE
) -> Stretch | None:
    """Return the longest run of speeds on which the claim is met, if it is `least` of all."""
    low, high = target.bounds
    fine = np.ones(len(line.x), bool)
    for name in [how] if how else HOWS:
        values = getattr(line, name)
        fine &= (values >= low) & (values <= high)
    edges = np.flatnonzero(np.diff(np.r_[False, fine, False]))
    starts, stops = line.x[edges[::2]], line.x[edges[1::2] - 1]
    if not len(starts):
        return None
    width = np.log(stops / starts) / np.log(line.x[-1] / line.x[0])
    best = int(width.argmax())
    if width[best] < least:
        return None
    return Stretch(float(starts[best]), float(stops[best]), float(width[best]))


def verdict(outcomes: Sequence[str], /, *, form: str = "at-least") -> str:
    """Return the verdict over a set of outcomes; untested ones do not count.

    >>> verdict(["meets", "misses"], form="up-to")
    'reproduced'
    """
    tested = [outcome for outcome in outcomes if outcome != UNTESTED]
    if not tested:
        return NOT_TESTABLE
    if all(outcome == MEETS for outcome in tested) or (form == "up-to" and MEETS in tested):
        return REPRODUCED
    return CONDITIONAL if {MEETS, PART} & set(tested) else NOT_REPRODUCED


def condition(findings: Sequence[Finding], /) -> str:
    """Return what all hits share, with how many of those that have it hit; else "in k of n".

    At most three attributes, in the order of `CONDITIONS`, each of which tells hits from some miss.
    """
    tested = [one for one in findings if one.outcome != UNTESTED]
    hits = [one for one in tested if one.hit]
    if not hits or (len(hits) == len(tested) and all(one.outcome == MEETS for one in hits)):
        return ""
    told, left = [], tested
    for name in CONDITIONS:
        text, has = _shared(name, hits, left)
        if text and len(told) < 3:
            told.append(text)
            left = [one for one in left if has(one)]
    counts = f"{len(hits)} of {len(left)}"
    return f"{', '.join(told)}: {counts}" if told else f"in {counts}"


def _shared(name, hits, left):
    """Return what the hits have in common of an attribute, and who has it; nothing if all do."""
    if name == "speed":
        stretches = [one.stretch for one in hits]
        if not all(stretches):
            return "", None
        ends = min(s.low for s in stretches), max(s.high for s in stretches)
        return f"on part of the speeds ({number(ends[0])} to {number(ends[1])} tok/s/user)", (
            lambda one: True
        )
    values = {one.comparison.attributes.get(name) for one in hits}
    candidates = [(str(min(values, key=str)), lambda value: value in values)] * (len(values) == 1)
    if name == "traffic" and len(values) > 1:
        shapes = [
            tuple(map(int, v.split("/"))) for v in values if re.fullmatch(r"\d+/\d+", v or "")
        ]
        candidates = [
            (text, lambda value, fits=fits: _fits(value, fits))
            for text, fits in TRAFFICS.items()
            if len(shapes) == len(values) and all(fits(*shape) for shape in shapes)
        ]
    for text, fits in candidates:

        def has(one, fits=fits):
            return fits(one.comparison.attributes.get(name))

        if text != "None" and not all(map(has, left)):
            return _WORDS[name].format(traffic_words(text) if name == "traffic" else text), has
    return "", None


def _fits(value, fits):
    return bool(re.fullmatch(r"\d+/\d+", value or "")) and fits(*map(int, value.split("/")))


def traffic_words(text: str) -> str:
    """Return a traffic such as ``1024/8192`` as a reader has it: ``1k in, 8k out``."""
    return re.sub(r"(\d+)/(\d+)", lambda m: f"{_kilo(m[1])} in, {_kilo(m[2])} out", text)


def _kilo(tokens):
    return f"{int(tokens) // 1024}k" if int(tokens) % 1024 == 0 else str(tokens)


def wording(words: str, /) -> tuple[str, str]:
    """Return how a claim is worded and the form that this asks for, of its words.

    >>> wording("up to 50X"), wording("nearly doubled"), wording("more than 30X"), wording("40X")
    (('round number', 'up-to'), ('about', 'at-least'), ('comparative', 'at-least'), \
('round number', 'at-least'))
    """
    text = words.lower()
    if re.search(r"\b(up to|as much as|as high as)\b", text):
        return "round number", "up-to"
    if re.search(r"\b(about|nearly|roughly|around|approximately|almost|some)\b|~", text):
        return "about", "at-least"
    if re.search(r"\b(more than|over|above|exceeds?|at least|beyond)\b", text):
        return "comparative", "at-least"
    return "round number", "at-least"
