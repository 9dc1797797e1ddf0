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

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from frontier.claims.kinds import HOWS, LEAST_SHARE, Comparison, Line
from frontier.curves import Stretch, percentiles, runs
from frontier.data.words import number
from frontier.errors import UsageError, among

FORMS = ("at-least", "about", "between", "up-to", "at-point", "level")
STRETCHED = ("at-least", "about", "between")  # forms that can be met in part
MEETS, PART, MISSES, UNTESTED = "meets", "in part", "misses", "untested"
REPRODUCED, NOT_REPRODUCED = "reproduced", "not-reproduced"
CONDITIONAL = "reproduced-conditionally"
MODELLED_ONLY, NOT_TESTABLE = "modelled-only", "not-testable"
# How a claim is worded, and what that allows.
TOLERANCES = {
    "round number": 1.1,
    "about": 1.25,
    "comparative": 1.0,
    "our own bar": 1.0,
    "bound by a filing": 1.0,
}
# Attributes by which a condition may be told, in the order in which they are tried, and its words.
_WORDS = {
    "baseline": "over {}",
    "traffic": "at {}",
    "accelerator": "on {}",
    "model": "with {}",
    "counts": "if {}",
    "meaning": "as {}",
    "change": "for {}",
    "setup": "{}",
    "speed": "on part of the speeds ({} to {} tok/s/user)",
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

    @property
    def asked(self) -> dict:
        """What the claim asks of a comparison's number."""
        return {"form": "everywhere" if self.everywhere else self.form, "at": self.at}

    def met(self, *values: float) -> bool:
        """Whether all numbers meet the claim; a NaN does not."""
        low, high = self.bounds
        return all(bool(low <= value <= high) for value in values)


@dataclass(frozen=True, eq=False, repr=False)
class Finding:
    """What one comparison gives for a claim.

    `value` is its number on the step curve and `estimate` on the semilog one; `stretch` is where it
    meets the claim in part.
    """

    comparison: Comparison
    target: Target
    outcome: str
    value: float = np.nan
    estimate: float = np.nan
    stretch: Stretch | None = None

    def __repr__(self):
        told = self.comparison.untested
        if self.outcome != UNTESTED:
            told = f"{number(self.value)} ({number(self.low)} to {number(self.high)})"
        return f"<Finding: {self.comparison.label}; {self.outcome}, {told}>"

    @cached_property
    def draws(self) -> np.ndarray | None:
        """The number in every draw of run noise; None where noise plays no part."""
        return None if self.outcome == UNTESTED else self.comparison.draws(**self.target.asked)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The interval for run noise (95 %), or for a filing's rounding, or the model's."""
        if self.outcome == UNTESTED:
            return np.nan, np.nan
        if bounds := self.comparison.bounds():
            return bounds
        return (self.value, self.value) if self.draws is None else percentiles(self.draws)

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.ends[0]

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.ends[1]

    @property
    def close(self) -> bool:
        """Whether it is a close call: the interval spans a bound of the claim."""
        met = {self.target.met(one) for one in (self.value, *self.ends) if np.isfinite(one)}
        return len(met) > 1

    @property
    def hit(self) -> bool:
        """Whether the claim is met, wholly or in part."""
        return self.outcome in (MEETS, PART)


def examine(comparison: Comparison, target: Target, /, *, how: str | None = None) -> Finding:
    """Return what a comparison gives for a claim; with `how` one curve alone decides."""
    if comparison.untested:
        return Finding(comparison, target, UNTESTED)
    found = comparison.once((target, how), lambda: _found(comparison, target, how))
    return Finding(comparison, target, *found)


def _found(comparison, target, how):
    """Return the outcome of a comparison, its numbers and its stretch."""
    value, estimate = (comparison.value(one, **target.asked) for one in HOWS)
    if not np.isfinite(value):
        return (UNTESTED,)
    if how:
        value = estimate = (value, estimate)[HOWS.index(how)]
    elif target.form == "up-to" and comparison.line:
        # The largest ratio that both curves have at one speed.
        value = estimate = float(comparison.line.both.max())
    stretch, outcome = None, MEETS
    if not target.met(value, estimate):
        if target.form in STRETCHED and comparison.line:
            stretch = longest(comparison.line, target, how=how)
        outcome = PART if stretch else MISSES
    return outcome, value, estimate, stretch


def longest(
    line: Line, target: Target, /, *, how: str | None = None, least: float = LEAST_SHARE
) -> Stretch | None:
    """Return the longest run of speeds on which the claim is met, if it is `least` of all."""
    low, high = target.bounds
    fine = np.ones(len(line.x), bool)
    for name in [how] if how else HOWS:
        values = getattr(line, name)
        fine &= (values >= low) & (values <= high)
    if not fine.any():
        return None
    starts, stops = line.x[np.transpose(runs(fine))]
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

    At most three attributes, in the order of `_WORDS`, each of which tells hits from some miss.
    """
    tested = [one for one in findings if one.outcome != UNTESTED]
    hits = [one for one in tested if one.hit]
    if not hits or (len(hits) == len(tested) and all(one.outcome == MEETS for one in hits)):
        return ""
    told, left = [], tested
    for name in _WORDS:
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
        return _WORDS[name].format(*map(number, ends)), lambda one: True
    values = {one.comparison.attributes.get(name) for one in hits}
    candidates = {}
    if len(values) == 1 and None not in values:
        candidates = {str(value): partial(operator.eq, value) for value in values}
    elif name == "traffic":
        candidates = {text: partial(_fits, fits) for text, fits in TRAFFICS.items()}
    for text, fits in candidates.items():

        def has(one, fits=fits):
            return fits(one.comparison.attributes.get(name))

        if all(map(has, hits)) and not all(map(has, left)):
            return _WORDS[name].format(traffic_words(text) if name == "traffic" else text), has
    return "", None


def _fits(fits, value):
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
    return next(asked for pattern, asked in _WORDINGS if re.search(pattern, text))


_WORDINGS = (
    (r"\b(up[ -]to|as much as|as high as)\b", ("round number", "up-to")),
    (r"\b(about|nearly|roughly|around|approximately|almost|some)\b|~", ("about", "at-least")),
    (r"\b(more than|over|above|exceeds?|at least|beyond)\b", ("comparative", "at-least")),
    ("", ("round number", "at-least")),
)
