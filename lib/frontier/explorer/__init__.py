"""What a deployment would give: throughput, cost, energy and users at a speed target.

A choice names model, traffic, accelerators, software, editions of power and price, a fleet and a
target. `measured` gives the rows that meet it, `modelled` what the calibrated serving model says
of the same systems, both with the quantities of `QUANTITIES`; `front` cuts either to what nothing
beats, `best` to what meets the target. The two are never joined here: they are evidence of
different kinds. Exhibits are in `explorer.explored`, controls in `explorer.widgets`.

What the quantities mean, for a row with `throughput_per_gpu` T and its accelerator's all-in power P
(kW per GPU) and price (dollars per GPU-hour), both from tables with editions:

- $ per million tokens: price / (tokens of `tokens` a GPU makes in an hour) x 1e6;
- Wh per answer: P x 1000 / 3600 / (T / (isl + osl)), for an answer of nominal length, prompt
  included. P is provisioned, not drawn, so this is no meter's reading;
- users: answers being written at once, by Little's law the fleet's output tokens per second over
  the interactivity: whoever waits for a first token is not counted, so that a queue adds no users.
  Medians and nominal lengths put some runs a per cent above their own concurrency (of a modelled
  deployment the batches of its workers), so that of each deployment that is the most.

GPUs come in whole deployments: a fleet holds floor(GPUs / GPUs of one), and what does not fit
whole serves nobody: it is on no front and is never the best.

>>> from frontier import explorer
>>> from frontier.data import measurements
>>> choice = explorer.Choice(accelerators=("h200", "gb200"), interactivity=50.0)
>>> points = explorer.measured(measurements.load_measurements(), choice)
>>> explorer.best(points, choice)["hardware"][0]
'gb200'
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Integral, Real

import numpy as np
import pandas as pd

from frontier import curves, serving
from frontier.claims import comparisons
from frontier.claims.comparisons import BASELINES, Basis, Comparison
from frontier.curves.pareto import is_nondominated
from frontier.data import hardware, measurements
from frontier.errors import UsageError, among
from frontier.figures import NAMES
from frontier.serving import remembered
from frontier.serving.frontiers import UNTRUSTED

FLOOR = 100.0  # tok/s/GPU, as the ledger has it: below it a ratio tells where a curve ends
TOKENS = {"input and output": "throughput_per_gpu", "output": "output_throughput_per_gpu"}
SOFTWARE = {"any": None, "on": True, "off": False}
PRICES = ("2026-07 hyperscaler", "2026-07 rental", "2025 hyperscaler")
LEAST = {"power": "wh_per_answer", "cost": "usd_per_million_tokens"}
LARGEST = serving.System.max_gpus  # GPUs of the largest deployment that the model is asked for


@dataclass(frozen=True)
class Quantity:
    """One thing to know of a deployment: its column, what it is in words, which way is better."""

    column: str
    name: str
    unit: str
    meaning: str
    most: bool = True

    @property
    def label(self) -> str:
        """The name with its unit, as an axis has it."""
        return f"{self.name}, {self.unit}"


QUANTITIES = {
    one.column: one
    for one in (
        Quantity("tok_s_per_gpu", "Throughput per GPU", "tok/s/GPU", "tokens over all GPUs"),
        Quantity("tok_s_per_mw", "Throughput per megawatt", "tok/s/MW", "over all-in power"),
        Quantity(
            "usd_per_million_tokens",
            "Cost",
            "$ per million tokens",
            "price per GPU-hour over tokens per GPU-hour",
            most=False,
        ),
        Quantity(
            "wh_per_answer",
            "Energy",
            "Wh per answer",
            "all-in power, provisioned and not drawn, for one prompt and its answer of nominal "
            "length",
            most=False,
        ),
        Quantity(
            "users",
            "Users",
            "answers at once",
            "answers being written at once: output tokens per second of the whole deployments that "
            "the fleet holds, over the interactivity, at most their concurrency; who waits for a "
            "first token is not counted",
        ),
    )
}


@dataclass(frozen=True)
class Choice:
    """What somebody asks for.

    Args:
        model: key of a model.
        shape: input and output tokens, such as ``8192/1024``.
        accelerators: keys of accelerators.
        baseline: the accelerator of the denominator of ratios.
        baseline_software: its software, a key of `comparisons.BASELINES`.
        precision: number format; None takes the best of each.
        framework: serving software; None takes the best of each. The model knows none.
        speculation: any, on or off.
        disaggregation: any, on or off.
        single_node: only aggregated deployments of at most 8 GPUs.
        tokens: which tokens throughput and cost count, a key of `TOKENS`.
        power_edition: of the table of power.
        price: edition and basis of the table of prices, one of `PRICES`.
        ttft_limit: largest median time to first token, s; rows that state none are out.
        as_of: day (ISO) up to which rows are taken; undated rows are out.
        interactivity: the speed target, tok/s/user.
        megawatts: all-in power of the fleet, MW, unless `gpus` says how many there are.
        gpus: GPUs of the fleet.
        least: what the best deployment takes least of, power or cost.

    Raises:
        UsageError: for a value that is none of the choices, or not positive.
    """

    model: str = "deepseek-r1"
    shape: str = "8192/1024"
    accelerators: tuple[str, ...] = ("h200", "b200", "gb200", "gb300")
    baseline: str = "h200"
    baseline_software: str = "everything"
    precision: str | None = None
    framework: str | None = None
    speculation: str = "any"
    disaggregation: str = "any"
    single_node: bool = False
    tokens: str = "input and output"
    power_edition: str = "2026-07"
    price: str = "2026-07 hyperscaler"
    ttft_limit: float | None = None
    as_of: str | None = None
    interactivity: float = 50.0
    megawatts: float = 1.0
    gpus: int | None = None
    least: str = "power"

    def __post_init__(self):
        keys = self.accelerators
        if isinstance(keys, str) or not isinstance(keys, Iterable):
            raise UsageError(f"accelerators is {keys!r}; expected a list, such as ('h200', 'b200')")
        if not len(keys := tuple(keys)):
            raise UsageError(f"accelerators is empty; name at least one of {', '.join(NAMES)}")
        known = {
            "baseline_software": BASELINES, "speculation": SOFTWARE, "disaggregation": SOFTWARE,
            "tokens": TOKENS, "power_edition": hardware.POWER_EDITIONS, "price": PRICES,
            "least": LEAST,
        }  # fmt: skip
        for name, choices in known.items():
            _check_among(name, getattr(self, name), choices)
        there = powered(self.power_edition)
        for key in keys:
            _check_among("accelerators", key, there)
        object.__setattr__(self, "accelerators", tuple(dict.fromkeys(keys)))
        _check_among("baseline", self.baseline, there)
        _check_values(self)
        if self.single_node and self.disaggregation == "on":
            raise UsageError("a single node is not disaggregated here: drop one of the two")

    @property
    def lengths(self) -> tuple[int, int]:
        """Nominal input and output tokens."""
        isl, osl = map(int, self.shape.split("/"))
        return isl, osl

    @property
    def traffic(self) -> dict:
        """The conditions that both sides of a ratio share."""
        return {
            "model": self.model,
            "shape": self.shape,
            "precision": self.precision,
            "as_of": self.as_of,
            "ttft_limit": self.ttft_limit,
        }

    @property
    def software(self) -> dict:
        """The conditions on software, of the accelerators and not of the baseline."""
        found = {
            "framework": self.framework,
            "speculative": SOFTWARE[self.speculation],
            "disaggregated": SOFTWARE[self.disaggregation],
            "single_node": self.single_node or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def best_of(self) -> Quantity:
        """What the best deployment takes least of."""
        return QUANTITIES[LEAST[self.least]]

    @property
    def fleet(self) -> str:
        """The fleet in words."""
        if self.gpus is not None:
            return f"{self.gpus:,} GPU{'s' * (self.gpus != 1)}"
        return f"{self.megawatts:g} MW all-in"

    def most(self, key: str) -> int:
        """Return the GPUs of the largest deployment to model in the fleet; 0 if it has none."""
        there = self.megawatts * 1000 / self.kilowatts(key) if self.gpus is None else self.gpus
        return int(whole_deployments(min(there, LARGEST), 1))

    def kilowatts(self, key: str) -> float:
        """Return the all-in power of one GPU, kW."""
        return _kilowatts(key, self.power_edition)

    def dollars(self, key: str) -> float:
        """Return the price of one GPU-hour; NaN where the edition has none."""
        return _dollars(key, self.price)


def usd_per_million_tokens(usd_per_gpu_hour, tok_s_per_gpu):
    """Return the cost of a million of the tokens counted in `tok_s_per_gpu`.

    >>> float(round(usd_per_million_tokens(3.6, 1000.0), 9))
    1.0
    """
    return usd_per_gpu_hour / (tok_s_per_gpu * 3600) * 1e6


def wh_per_answer(kw_per_gpu, answers_per_s_per_gpu):
    """Return the provisioned energy of one answer, Wh.

    >>> float(wh_per_answer(1.8, 0.5))
    1.0
    """
    return kw_per_gpu * 1000 / 3600 / answers_per_s_per_gpu


def whole_deployments(gpus_there, gpus_each):
    """Return how many deployments of `gpus_each` GPUs a fleet of `gpus_there` holds, whole ones.

    A fleet given in megawatts comes as a fraction; one that is a whole number but for its last bit
    counts as that number.

    >>> whole_deployments([71, 72, 143.9999999999], 72).tolist()
    [0, 1, 2]
    """
    quotient = np.asarray(gpus_there, float) / np.asarray(gpus_each, float)
    return np.floor(quotient * (1 + 1e-9)).astype(int)


def quantified(points: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return points with the quantities of `QUANTITIES`, `kw_per_gpu`, `usd_per_gpu_hour`.

    Further `deployments`, how many the fleet holds. `points` have `hardware`, `gpus`, `isl`,
    `osl`, `interactivity` and both throughputs.
    """
    kw = _mapped(points["hardware"], choice.kilowatts)
    usd = _mapped(points["hardware"], choice.dollars)
    tokens = points[TOKENS[choice.tokens]].to_numpy(float)
    lengths = (points["isl"] + points["osl"]).to_numpy(float)
    answers = points["throughput_per_gpu"].to_numpy(float) / lengths
    there = choice.megawatts * 1000 / kw if choice.gpus is None else np.full(len(kw), choice.gpus)
    gpus = points["gpus"].to_numpy()
    deployments = whole_deployments(there, gpus)
    writing = (points["output_throughput_per_gpu"] / points["interactivity"]).to_numpy(float)
    users = np.floor(deployments * gpus * writing * (1 + 1e-9))
    return points.assign(
        kw_per_gpu=kw,
        usd_per_gpu_hour=usd,
        tok_s_per_gpu=tokens,
        tok_s_per_mw=tokens * 1000 / kw,
        usd_per_million_tokens=usd_per_million_tokens(usd, tokens),
        wh_per_answer=wh_per_answer(kw, answers),
        deployments=deployments,
        users=np.fmin(users, deployments * _under_way(points)),
    )


def measured(rows: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return the measured rows that meet a choice, with their quantities; none is no error."""
    return quantified(_met(rows, choice), choice)


def asked(rows: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return what `measured` does; UsageError, with what there is, where that is nothing."""
    conditions = {"hardware": list(choice.accelerators), **choice.traffic, **choice.software}
    measurements.select(rows, **conditions)
    return measured(rows, choice)


def modelled(rows: pd.DataFrame, choice: Choice, /) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return what the serving model says of a choice, and why it says nothing of an accelerator.

    The number formats are those that `rows` have of the model on the accelerator, or on any. The
    model has no framework, no day and no validated time to first token: conditions on those do
    not reach it. One row a configuration that no other of its system beats, of those that fit the
    fleet whole and have at most `LARGEST` GPUs, with the quantities and `extrapolated`.
    """
    frames, refused = [], {}
    for key in choice.accelerators:
        known = rows[(rows["model"] == choice.model) & (rows["precision"] != "")]
        own = known[known["hardware"] == key]
        formats = sorted((own if len(own) else known)["precision"].unique())
        for precision in [choice.precision] if choice.precision else formats:
            try:
                frames.append(_modelled(choice, key, precision))
            except UsageError as error:
                refused.setdefault(key, str(error))
    answered = {frame["hardware"].iloc[0] for frame in frames}
    refused = {key: why for key, why in refused.items() if key not in answered}
    if not frames:
        return measured(rows.iloc[:0], choice).assign(extrapolated=False), refused
    return quantified(pd.concat(frames, ignore_index=True), choice), refused


def front(points: pd.DataFrame, quantity: str, /) -> pd.DataFrame:
    """Return the points that no other beats in speed and one quantity, by interactivity.

    Points without the quantity, such as a price, are left out, and deployments that the fleet
    does not hold whole. Where several are equal the first stays.
    """
    values, fits = points[quantity].to_numpy(float), points["deployments"].to_numpy() >= 1
    there = np.flatnonzero(np.isfinite(values) & (values > 0) & fits)
    worth = values[there] if QUANTITIES[quantity].most else -values[there]
    speed = points["interactivity"].to_numpy(float)[there]
    kept = there[is_nondominated(np.column_stack([speed, worth]))]
    order = np.argsort(points["interactivity"].to_numpy(float)[kept], kind="stable")
    return points.iloc[kept[order]]


def best(points: pd.DataFrame, choice: Choice, /, most: int = 5) -> pd.DataFrame:
    """Return the deployments that meet the target at the least power or cost, best first.

    Meeting it means: at least the target's interactivity, at least one whole deployment in the
    fleet. Least power is least energy for the same answers, least cost the least per token, so a
    large deployment is no worse than a small one. Of a configuration only its best row stands.
    """
    column = choice.best_of.column
    meets = points[
        (points["interactivity"] >= choice.interactivity)
        & (points["deployments"] >= 1)
        & points[column].notna()
    ]
    ordered = meets.sort_values(column, kind="stable")
    same = [name for name in measurements.CONFIGURATION if name in points and name != "source"]
    return ordered.drop_duplicates(same).head(most).reset_index(drop=True)


def best_of_each(points: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return the best deployment of each accelerator that has one, best first."""
    return best(points, choice, len(points)).drop_duplicates("hardware").reset_index(drop=True)


def compared(rows: pd.DataFrame, choice: Choice, /) -> list[Comparison]:
    """Return each accelerator over the baseline, in tokens per megawatt; untested ones as well.

    An accelerator that is the baseline, with the same software, is left out.
    """
    basis = Basis(TOKENS[choice.tokens], "MW", choice.power_edition, FLOOR)
    below = BASELINES[choice.baseline_software]
    traffic = {name: value for name, value in choice.traffic.items() if name != "shape"}
    name = f"{_named([choice.baseline])} with {choice.baseline_software}"
    specifications = [
        {
            "name": f"{_named([key])} over {name}",
            "numerator": {"hardware": key, **traffic, **choice.software},
            "denominator": {"hardware": choice.baseline, **traffic, **below},
        }
        for key in choice.accelerators
        if key != choice.baseline or choice.software != below
    ]
    return [comparisons.one(basis, rows, one, choice.shape) for one in specifications]


def ratios(points: pd.DataFrame, baseline: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return tokens per megawatt of each accelerator over those of a baseline, as steps.

    `points` and `baseline` as of `measured`. Columns `hardware`, `interactivity` (all breakpoints
    of the shared range), `ratio`; where the baseline is below `FLOOR` there is none.
    """
    frames = [pd.DataFrame(columns=["hardware", "interactivity", "ratio"])]
    if len(baseline):
        below = curves.Frontier(baseline["interactivity"], baseline["tok_s_per_mw"])
        basis = Basis(TOKENS[choice.tokens], "MW", choice.power_edition, FLOOR)
        floor = comparisons.floor_of(basis, baseline)
        for key, own in points.groupby("hardware", sort=False):
            above = curves.Frontier(own["interactivity"], own["tok_s_per_mw"])
            if (shared := curves.shared_range(above, below)) is None:
                continue
            grid = np.union1d(above.interactivity, below.interactivity)
            grid = np.union1d(grid[(grid >= shared[0]) & (grid <= shared[1])], shared)
            found = curves.ratio(above, below, grid, floor=floor)
            line = {"hardware": key, "interactivity": grid, "ratio": found}
            frames.append(pd.DataFrame(line).dropna())
    return pd.concat(frames[1:] or frames, ignore_index=True)


def over(rows: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return the measured rows of a choice's baseline, with their quantities."""
    conditions = {
        "hardware": choice.baseline,
        **choice.traffic,
        **BASELINES[choice.baseline_software],
    }
    return quantified(comparisons.matching(rows, **conditions).reset_index(drop=True), choice)


def nothing(rows: pd.DataFrame, choice: Choice, /) -> str:
    """Return that no row meets a choice, with what there is, in a sentence; empty if one does."""
    try:
        asked(rows, choice)
    except UsageError as error:
        return f"Nothing was measured on {_named(choice.accelerators)} for this choice: {error}."
    return ""


def unfit(points: pd.DataFrame, choice: Choice, /) -> str:
    """Return how many points the fleet does not hold whole, in a sentence; empty if it holds all.

    They are points of a chart and on none of its lines.
    """
    if not (out := int((points["deployments"] < 1).sum())):
        return ""
    are = "is of a deployment" if out == 1 else "are of deployments"
    return (
        f"{out:,} of {len(points):,} rows {are} too large for {choice.fleet}: on no line, in no "
        "answer."
    )


def said(rows: pd.DataFrame, choice: Choice, /) -> list[str]:
    """Return what the data do not have for a choice, a sentence each."""
    met = _met(rows, choice)
    whenever = _met(rows, replace(choice, as_of=None, ttft_limit=None))
    open_ = _met(rows, replace(choice, ttft_limit=None)) if choice.as_of else whenever
    told = []
    if none := int(open_["ttft"].isna().sum()):
        out = "are left out by the limit" if choice.ttft_limit else "would be left out by a limit"
        told.append(
            f"{none:,} of {len(open_):,} rows (undated medians and posts) state no time to first "
            f"token and {out}."
        )
    if choice.as_of and (undated := int(whenever["date"].isna().sum())):
        told.append(f"{undated:,} undated rows are left out, since a day is asked for.")
    if without := [key for key in choice.accelerators if key not in set(met["hardware"])]:
        told.append(f"Nothing that meets the choice was measured on {_named(without)}.")
    if free := [key for key in choice.accelerators if np.isnan(choice.dollars(key))]:
        told.append(f"The prices of {choice.price} have none for {_named(free)}: no cost there.")
    knows_not = ["frameworks"] * bool(choice.framework) + ["days"] * bool(choice.as_of)
    knows_not += ["a limit on the time to first token"] * bool(choice.ttft_limit)
    if knows_not:
        told.append(f"The model does not know {', '.join(knows_not)}: its answers ignore that.")
    if choice.speculation == "on":
        told.append("Of the model, drafted configurations stand that no undrafted one beats.")
    return told


def refused(reasons: dict[str, str], /) -> list[str]:
    """Return why the model says nothing of some accelerators, a sentence each."""
    return [f"No modelled answer for {_named([key])}: {why}." for key, why in reasons.items()]


def target_met(points: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return one row an accelerator: `hardware`, `rows`, `fastest` (tok/s/user), `meet` (rows)."""
    found = [
        {
            "hardware": key,
            "rows": len(own),
            "fastest": own["interactivity"].max(),
            "meet": int((own["interactivity"] >= choice.interactivity).sum()),
            "dated": int(own["date"].notna().sum()),
            "with_ttft": int(own["ttft"].notna().sum()),
        }
        for key in choice.accelerators
        for own in [points[points["hardware"] == key]]
    ]
    return pd.DataFrame(found)


# Each step of a slider asks for them, and reading a table takes longer than all else it does.
@remembered.of("power")
def _kilowatts(key, edition) -> float:
    return hardware.power_kw(key, edition)


@remembered.of("prices")
def _dollars(key, price) -> float:
    edition, basis = price.split()
    try:
        return hardware.price(key, edition, basis)
    except UsageError:
        return np.nan


# Asked at every step of a slider.
powered = remembered.of("power")(hardware.powered)


def _check_values(choice):
    """Refuse what is no name, shape, number or day."""
    for name in ("model", "precision", "framework"):
        value = getattr(choice, name)
        if not isinstance(value, str) and (value is not None or name == "model"):
            raise UsageError(f"{name} is {value!r}; expected a name")
    if not re.fullmatch(r"[1-9]\d*/[1-9]\d*", str(choice.shape)):
        raise UsageError(
            f"shape is {choice.shape!r}; expected input and output tokens, such as 8192/1024"
        )
    for name in ("interactivity", "megawatts", "gpus", "ttft_limit"):
        value, needed = getattr(choice, name), name in ("interactivity", "megawatts")
        if value is not None or needed:
            _check_above_zero(name, value, Integral if name == "gpus" else Real)
    if not isinstance(choice.single_node, bool | np.bool_):
        raise UsageError(f"single_node is {choice.single_node!r}; expected True or False")
    if choice.as_of is not None:
        _check_day("as_of", choice.as_of)


def _check_among(name, value, known):
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{name} is {value!r}; {among(value, known)}")


def _check_above_zero(name, value, kind):
    fine = isinstance(value, kind) and not isinstance(value, bool)
    if not fine or not 0 < value < np.inf:
        whole = "whole " * (kind is Integral)
        raise UsageError(f"{name} is {value!r}; expected a {whole}number above 0")


def _check_day(name, value):
    try:
        known = pd.notna(pd.Timestamp(value))
    except (ValueError, TypeError):
        known = False
    if not known:
        raise UsageError(f"{name} is {value!r}; expected a date such as 2026-03-31")


def _under_way(points) -> np.ndarray:
    """Return the requests that one deployment has under way; NaN where nothing says how many."""
    if "concurrency" in points:
        return points["concurrency"].to_numpy(float, na_value=np.nan)
    workers = points["gpus"] // points["worker_gpus"]
    return (points["batch"] * workers).to_numpy(float)


def _met(rows, choice) -> pd.DataFrame:
    """Return the rows that meet the conditions of a choice, maybe none."""
    conditions = {"hardware": list(choice.accelerators), **choice.traffic, **choice.software}
    return comparisons.matching(rows, **conditions).reset_index(drop=True)


def _named(keys):
    return ", ".join(NAMES.get(key, key) for key in keys)


def _mapped(column, value) -> np.ndarray:
    known = {key: value(key) for key in column.unique()}
    return column.map(known).to_numpy(float)


def _modelled(choice, key, precision) -> pd.DataFrame:
    """Return the modelled configurations of one system, by the columns of measured rows.

    The model searches within the fleet: of a front over larger deployments those that fit are
    only what is left over, since a smaller one that is beaten is not on it.
    """
    if key in UNTRUSTED:
        raise UsageError("the model misses its measured rows")
    isl, osl = choice.lengths
    system = serving.System(
        choice.model,
        key,
        precision,
        isl,
        osl,
        speculative=choice.speculation != "off",
        disaggregated=SOFTWARE[choice.disaggregation],
        single_node=choice.single_node,
    )
    must_draft, most = choice.speculation == "on", choice.most(key)
    found = _drafted_or_not(system, must_draft)
    if most < LARGEST:
        try:
            found = _drafted_or_not(replace(system, max_gpus=most), must_draft)
        except UsageError:
            raise UsageError(f"none of its deployments fits {choice.fleet} whole") from None
    if not must_draft:
        return found
    if not found["speculative"].any():
        raise UsageError("no drafted configuration is on its frontier")
    return found[found["speculative"]]


def _drafted_or_not(system, must_draft) -> pd.DataFrame:
    try:
        return _fronted(system)
    except UsageError:
        if must_draft:
            raise
        # Without a published draft module nothing says how many drafts are accepted.
        return _fronted(replace(system, speculative=False))


@remembered.of("serving_fit", "serving_validation", "accelerators", "transformers")
def _fronted(system) -> pd.DataFrame:
    """Return the frame of `serving.front` with what a measured row has."""
    found = serving.front(system)
    return found.assign(
        model=system.model,
        hardware=system.hardware,
        precision=system.precision,
        isl=system.isl,
        osl=system.osl,
        speculative=found["draft"] > 0,
    )
