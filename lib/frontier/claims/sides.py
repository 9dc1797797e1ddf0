"""Sides: the measured points that one side of a comparison selects, and their frontier.

Selecting, hashing and drawing noise cost more than comparing, so they are done once: `prepared`
keeps a frame's rows with what was made of them, and every side, its frontier without one
configuration and its noise are kept with the rows for all claims that ask again.

>>> from frontier.data import measurements
>>> rows = prepared(measurements.load_measurements())
>>> side = rows.side({"model": "deepseek-r1", "hardware": "h200", "shape": "8192/1024"}, Basis())
>>> side.frontier.unit, len(side) > 50
('tok/s/GPU', True)
"""

import contextlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pandas as pd

from frontier import curves
from frontier.data import hardware, measurements
from frontier.errors import UsageError, among

REPLICATES = 2000
KEPT, KEPT_BYTES = 8_000, 160_000_000  # draws that are kept: of so many rows (128 MB), of sides
# What a selection of rows may name: the columns, and the further conditions of `select`.
CONDITIONS = frozenset({*measurements.COLUMNS, "shape", "single_node", "as_of", "ttft_limit"})
NOISE_MARGIN = 6  # sigmas; a point this far below others rises in one of 10^9 draws


@dataclass(frozen=True)
class Basis:
    """What is compared: a column of the measurements per GPU, or per MW, dollar or joule.

    `edition` is that of the power table (per MW) or of the price table (per $).
    """

    metric: str = "throughput_per_gpu"
    per: str = "GPU"
    edition: str = hardware.POWER_EDITIONS[0]

    def __post_init__(self):
        numeric = [key for key, column in measurements.COLUMNS.items() if column[0] == "float"]
        choices = {
            "metric": numeric,
            "per": ("GPU", "MW", "$", "J"),
            "edition": hardware.POWER_EDITIONS,
        }
        for name, known in choices.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {value!r}; {among(value, known)}")

    @property
    def unit(self) -> str:
        """The unit of the metric."""
        if self.metric == "interactivity":
            return "tok/s/user"
        tokens = "output tok" if self.metric.startswith("output") or self.per == "J" else "tok"
        return f"{tokens}/{self.per}" if self.per in ("$", "J") else f"{tokens}/s/{self.per}"

    def counted(self, isl, osl):
        """Return the share of a request's tokens that the metric counts; numbers or columns."""
        return osl / (isl + osl) if self.metric.startswith("output") else 1.0

    def factor(self, accelerator: str) -> float:
        """Return what a value per GPU is multiplied by; UsageError where the table lacks it."""
        if self.per == "MW":
            return 1000 / hardware.power_kw(accelerator, self.edition)
        if self.per == "$":
            return 3600 / hardware.price(accelerator, self.edition)
        return 1.0


class Made:
    """Something with what was made of it, in its `_made`."""

    def once(self, key, make):
        """Return what was made under a key, made the first time it is asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


class Rows(Made):
    """A frame of measured rows with what was computed of it; `prepared` makes one.

    Positions of rows are those of the frame given, from 0 on.
    """

    def __init__(self, frame: pd.DataFrame, sigma: float | None = None):
        self.noise_of_all = sigma
        self.given = frame.copy(deep=False)
        self.frame = frame.reset_index(drop=True)
        self._made: dict = {}
        self._noise: dict = {}

    def column(self, name: str) -> np.ndarray:
        """Return a column as an array, made once."""

        def made():
            values = self.frame[name]
            return values.to_numpy(float if values.dtype.kind == "f" else None)

        return self.once(("column", name), made)

    @cached_property
    def accelerator(self) -> tuple[np.ndarray, np.ndarray]:
        """The accelerators there are, and which of them each row is of."""
        codes, keys = pd.factorize(self.frame["hardware"])
        return np.asarray(keys, object), codes

    def factors(self, basis: Basis) -> np.ndarray:
        """Return what a value per GPU is multiplied by, for each of the accelerators there are."""

        def made():
            found = np.full(len(self.accelerator[0]), np.nan)
            for i, key in enumerate(self.accelerator[0]):
                with contextlib.suppress(UsageError):
                    found[i] = basis.factor(key)
            return found

        return self.once(("factors", basis), made)

    @cached_property
    def configuration(self) -> np.ndarray:
        """A code of each row's configuration, the same in every selection."""
        return pd.util.hash_pandas_object(
            self.frame[measurements.CONFIGURATION], index=False
        ).to_numpy()

    @cached_property
    def known_by(self) -> np.ndarray:
        """The day by which each row was measured: its date, or the end of its interval; or NaT."""
        return measurements.known_by(self.frame).to_numpy()

    @cached_property
    def sigma(self) -> np.ndarray:
        """The log standard deviation of run noise of each row, that of its accelerator's family.

        A family without repeats has the largest that another one shows; UsageError without any.
        """
        if self.noise_of_all is not None:
            return np.full(len(self.frame), float(self.noise_of_all))
        table = hardware.accelerators()
        vendor = self.frame["hardware"].map(table["vendor"]).fillna("").astype(str)
        # Only what was run more than once has repeats; looking at nothing else is faster.
        point = pd.Series(self.configuration + self.column("concurrency").astype(np.uint64))
        again = self.frame["date"].notna() & point.duplicated(keep=False)
        found = {name: _pooled(self.frame[again & (vendor == name)]) for name in vendor.unique()}
        known = [value for value in found.values() if value] or [_pooled(self.frame)]
        if known == [None]:
            measurements.pooled_sigma(self.frame)  # raises, and says what to do
        return vendor.map({k: v or max(known) for k, v in found.items()}).to_numpy(float)

    def mask(self, name: str, wanted) -> np.ndarray:
        """Return which rows meet one condition of `measurements.select`; none is no error."""
        if name not in CONDITIONS:
            raise UsageError(f"no condition '{name}': {among(name, sorted(CONDITIONS))}")

        def made():
            if name == "as_of":
                return self.known_by <= np.datetime64(pd.Timestamp(wanted))
            try:
                return measurements.meets(self.frame, name, wanted).to_numpy(bool)
            except UsageError:  # no row has such a column or such a value
                return np.zeros(len(self.frame), bool)

        return self.once((name, repr(wanted)), made)

    def side(self, selection: Mapping, basis: Basis, /, *, known_by=None) -> "Side":
        """Return the side of a selection, by conditions of `measurements.select`.

        `known_by` is the last day by which its rows were measured. A selection that is a list is
        that of any of its parts.
        """
        parts = selection if isinstance(selection, list) else [selection]

        def made():
            masks = [
                [self.mask(name, wanted) for name, wanted in part.items() if wanted is not None]
                for part in parts
            ]
            every = np.ones(len(self.frame), bool)
            mask = np.any([np.all([every, *some], axis=0) for some in masks], axis=0)
            if known_by is not None:
                mask = mask & self.mask("as_of", known_by)
            return self._side(np.flatnonzero(mask), basis)

        asked = repr([sorted(part.items()) for part in parts])
        return self.once((asked, basis, str(known_by)), made)

    def _side(self, positions: np.ndarray, basis: Basis) -> "Side":
        """Return the side of these rows; rows without a value of the metric are left out."""
        column = "joules_per_output_token" if basis.per == "J" else basis.metric
        if column not in self.frame:
            raise UsageError(f"no column '{column}' in the rows: nothing is known per {basis.per}")
        value = self.column(column)[positions]
        if basis.per == "J":
            value = 1 / value
        elif basis.per != "GPU":
            codes = self.accelerator[1][positions]
            value = value * self.factors(basis)[codes]
            if np.isnan(value).any():  # says which table lacks which accelerator
                basis.factor(self.accelerator[0][codes[np.isnan(value).argmax()]])
        kept = np.isfinite(value)
        return self.same(Side(self, basis, positions[kept], value[kept]))

    def same(self, side: "Side") -> "Side":
        """Return the side that has the same points: what was made of it need not be made again."""
        points = blake2b(side.positions.tobytes() + side.value.tobytes(), digest_size=16)
        return self.once((points.digest(), side.basis, side.factor), lambda: side)

    def noise(self, position: int) -> np.ndarray:
        """Return the standard normal draws of a row, the same on every side that it is on."""
        if position not in self._noise:
            told = self.column("row_id")[position], self.configuration[position]
            # Ids may be missing or stand twice in rows that are not the project's own.
            seed = repr((*map(str, told), self.column("interactivity")[position]))
            random = np.random.default_rng(zlib.crc32(seed.encode()))
            if len(self._noise) == KEPT:
                self._noise.clear()
            self._noise[position] = random.standard_normal(REPLICATES)
        return self._noise[position]


@dataclass(frozen=True, eq=False, repr=False)
class Side(Made):
    """The points of one side: positions of `rows`, and the value of each in the basis' unit.

    `factor` moves the whole frontier on both axes, as a gain on every step of a server does.
    """

    rows: Rows
    basis: Basis
    positions: np.ndarray
    value: np.ndarray
    factor: float = 1.0
    _made: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return f"<Side: {self.frontier.words if len(self) else 'no rows'}>"

    @cached_property
    def x(self) -> np.ndarray:
        """Interactivity of each point, tok/s/user."""
        return self.rows.column("interactivity")[self.positions]

    @cached_property
    def configuration(self) -> np.ndarray:
        """The code of each point's configuration."""
        return self.rows.configuration[self.positions]

    @cached_property
    def frontier(self) -> curves.Frontier:
        """The frontier of the points, whose labels are positions; ValueError without points."""
        return curves.Frontier(
            self.x * self.factor,
            self.value * self.factor,
            configurations=self.configuration,
            rows=self.positions,
            unit=self.basis.unit,
        )

    @cached_property
    def on_front(self) -> tuple:
        """The codes of the configurations on the frontier."""
        front = self.rows.configuration[list(self.frontier.rows)] if len(self) else []
        return tuple(dict.fromkeys(front))

    @property
    def frame(self) -> pd.DataFrame:
        """The rows, with the metric in `value`; their index is their position."""
        return self.rows.frame.iloc[self.positions].assign(value=self.value)

    @cached_property
    def floor(self) -> float:
        """The least throughput at which this side is a sound denominator, in its own unit."""
        if self.basis.per == "J":  # the floor is one of throughput, and tokens per joule are none
            return curves.FLOOR_SHARE * float(self.value.max())
        isl, osl = (self.rows.column(name)[self.positions] for name in ("isl", "osl"))
        share = float(np.max(self.basis.counted(isl, osl)))
        # Of two accelerators the one with the higher floor: a mixed side is not let off.
        codes = np.unique(self.rows.accelerator[1][self.positions])
        factor = float(self.rows.factors(self.basis)[codes].max())
        peak = float(self.value.max()) * self.factor
        return float(curves.sound_from(peak, share * factor))

    def changed(self, **to) -> "Side":
        """Return the side with other points or another factor."""
        return self.rows.same(replace(self, _made={}, **to))

    def kept(self, mask: np.ndarray) -> "Side":
        """Return the side of some of its points."""
        return self.changed(positions=self.positions[mask], value=self.value[mask])

    def without(self, configuration) -> "Side":
        """Return the side without one configuration; itself where it has none of it."""
        if configuration not in self.on_front:
            return self
        return self._leave_outs[configuration]

    @cached_property
    def _leave_outs(self) -> dict:
        """The side without each configuration that is on its frontier."""
        sides = {code: self.kept(self.configuration != code) for code in self.on_front}
        if len(sides) > 1 or len(sides[self.on_front[0]]):
            places = [int(np.argmax(self.configuration == code)) for code in sides]
            for side, front in zip(sides.values(), self.frontier.without(places), strict=True):
                side.__dict__.setdefault("frontier", front)
        return sides

    def from_source(self, source: str) -> "Side":
        """Return the side of the rows of one source alone."""
        if self.sources == (source,):
            return self
        return self.kept(self._sources == source)

    def on(self, basis: Basis) -> "Side":
        """Return the side on another basis."""
        return self.rows._side(self.positions, basis).changed(factor=self.factor)

    @cached_property
    def _sources(self) -> np.ndarray:
        return self.rows.column("source")[self.positions]

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources of its rows."""
        return tuple(sorted(set(self._sources)))

    @property
    def draws(self) -> curves.Steps:
        """The step curve of the points in every draw of run noise, in logarithms.

        Points that noise cannot raise to the frontier are left out, and those that another one
        beats in every draw. It may be megabytes, so that only the last ones are kept.
        """
        made = _DRAWN[self] = _DRAWN.pop(self, None) or _draw(self)
        while sum(one.x.nbytes for one in _DRAWN.values()) > KEPT_BYTES / 2:
            del _DRAWN[next(iter(_DRAWN))]
        return made


_DRAWN: dict[Side, curves.Steps] = {}


def _draw(side: Side) -> curves.Steps:
    """Return `Side.draws`, made anew."""
    sigma = side.rows.sigma[side.positions]
    margin = np.exp(NOISE_MARGIN * np.sqrt(2) * max(sigma.max(), 1e-9))
    x, y = side.x * side.factor, side.value * side.factor
    near = np.flatnonzero(~(side.frontier.at(x * margin) >= y * margin))
    x, y = np.log(x[near]), np.log(y[near])
    noise = np.stack([side.rows.noise(p) for p in side.positions[near]]) * sigma[near, None]
    front = np.flatnonzero(np.isin(side.positions[near], side.frontier.rows))
    ahead = np.minimum(x[front] - x[:, None], y[front] - y[:, None])
    best = ahead.argmax(axis=1)
    beyond = noise[front[best]]
    np.subtract(noise, beyond, out=beyond)
    # In each draw only the points that their nearest front point does not beat there are sorted:
    # few. Places are those in flat arrays, which is much faster.
    risen = np.ascontiguousarray((beyond >= ahead.max(axis=1)[:, None]).T)
    draw, point = np.divmod(np.flatnonzero(risen), len(near))
    count = np.bincount(draw)
    place = draw * count.max() + np.arange(len(draw)) - np.repeat(count.cumsum() - count, count)
    left = np.full((2, len(count) * count.max()), -np.inf)
    for values, logs in zip(left, (x, y), strict=True):
        values[place] = logs[point] + noise[point, draw]
    return curves.Steps.of(*left.reshape(2, len(count), -1))


_PREPARED: list[Rows] = []


def prepared(frame: "pd.DataFrame | Rows", /, *, sigma: float | None = None) -> Rows:
    """Return rows with what was computed of them before, as long as they are the same.

    Of the last three frames: a changed one, even in place, is prepared anew. `sigma` is the run
    noise of all rows (0.02 is 2 %), by default pooled from repeats by accelerator family.
    """
    if isinstance(frame, Rows):
        return frame
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"expected rows as load_measurements() gives them, not a {type(frame).__name__}"
        )
    for known in _PREPARED:
        if known.noise_of_all == sigma and _equal(known.given, frame):
            return known
    _PREPARED.append(Rows(frame, sigma))
    del _PREPARED[:-3]
    return _PREPARED[-1]


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames are equal: at a glance where they are the same memory.

    pandas copies a column that two frames share before it writes to it.
    """
    if one.columns.equals(other.columns) and one.index.equals(other.index):
        # Both are held until they are compared: what is freed may be at one place, too.
        arrays = [[frame[name].to_numpy() for name in frame] for frame in (one, other)]
        first, second = ([array.__array_interface__ for array in some] for some in arrays)
        if first == second:
            return True
    return one.equals(other)


def _pooled(frame: pd.DataFrame) -> float | None:
    """Return the pooled sigma of some rows, None where nothing was run twice."""
    try:
        return measurements.pooled_sigma(frame)
    except UsageError:
        return None
