"""What a deployment would give: throughput, cost, energy and users at a speed.

A `Choice` names a model, its traffic, some systems, a speed per user, a fleet and the editions of
power and price. `measured` gives the rows that meet it with the columns of `QUANTITIES`, `front`
cuts them to what nothing beats, `best` to the best deployments at the speed, `compare` sets one
system over another. `Explorer` (in `explorer.widget`) shows a choice with controls, in JupyterLab
and in the page; its module `explorer.js` does this same arithmetic, and a test compares the two.

A system is written in words: the accelerator, then what its deployments must have, such as
``h200 node no-mtp`` (one node of at most 8 GPUs, nothing drafted) or ``gb200 fp4 dynamo-trt``.

What the quantities mean, for a row with throughput T per GPU and its accelerator's all-in power P
(kW per GPU) and price (dollars per GPU-hour), both from tables with editions:

- $ per million tokens: price / (tokens that a GPU makes in an hour) x 1e6;
- Wh per answer: P x 1000 / 3600 / (T / (isl + osl)), for an answer of nominal length, prompt
  included. P is provisioned, so this is no meter's reading; measured energy is a column apart;
- users: answers being written at once, by Little's law the fleet's output tokens per second over
  the speed per user, at most the concurrency of the runs. Who waits for a first token is not
  counted, so that a queue adds no users.

A fleet holds whole deployments only: what does not fit whole is on no front and is never best.

>>> from frontier import explorer
>>> from frontier.data import measurements
>>> choice = explorer.Choice(systems=("h200", "gb200"), speed=50)
>>> points = explorer.measured(measurements.load_measurements(), choice)
>>> explorer.best(points, choice)["system"][0]
'gb200'
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real

import numpy as np
import pandas as pd

from frontier import curves
from frontier.claims import entries
from frontier.curves.pareto import is_nondominated
from frontier.data import hardware, measurements, tables
from frontier.errors import UsageError, among
from frontier.serving import remembered

TOKENS = {"input and output": "throughput_per_gpu", "output": "output_throughput_per_gpu"}
LEAST = {"energy": "wh_per_answer", "cost": "usd_per_million_tokens"}
PER = {"GPU": "tok_s_per_gpu", "MW": "tok_s_per_mw", "$": "tok_per_usd", "joule": "tok_per_joule"}
WORDINGS = ("", "up to", "at")
ENERGY = "joules_per_output_token"  # measured, where the rows have the column
CONDITIONS = {  # the words of a system: column and value
    "mtp": ("speculative", True),
    "no-mtp": ("speculative", False),
    "split": ("disaggregated", True),
    "no-split": ("disaggregated", False),
    "node": ("single_node", True),
    "own": ("own", True),
}
WORDS = {  # the same words as a reader has them
    "mtp": "with MTP",
    "no-mtp": "no MTP",
    "split": "split",
    "no-split": "not split",
    "node": "one node",
    "own": "yours",
}
BASELINES = ("h200", "h200 node no-mtp")  # the best Hopper, and one node as it comes
_PRECISION = r"[a-z]*\d+"
QUANTITIES = {  # column: (name, unit, whether more is better)
    "tok_s_per_gpu": ("Throughput per GPU", "tok/s/GPU", True),
    "tok_s_per_mw": ("Throughput per megawatt", "tok/s/MW", True),
    "tok_per_usd": ("Tokens per dollar", "tok/$", True),
    "tok_per_joule": ("Tokens per measured joule", "tok/J", True),
    "usd_per_million_tokens": ("Cost", "$ per million tokens", False),
    "wh_per_answer": ("Energy, provisioned", "Wh per answer", False),
    "wh_measured": ("Energy, measured", "Wh per answer", False),
    "users": ("Users", "answers at once", True),
}


@remembered.of("prices")
def prices() -> tuple[str, ...]:
    """Return the editions of the table of prices, each with its basis, the newest first."""
    table = tables.read("prices")
    found = (table["edition"] + " " + table["basis"]).drop_duplicates()
    return tuple(sorted(found, key=lambda text: text.split()[0], reverse=True))


@dataclass(frozen=True)
class Choice:
    """What somebody asks for.

    Args:
        model: key of a model.
        shape: input and output tokens, such as ``8192/1024``.
        systems: each an accelerator with conditions, such as ``h200 node no-mtp``.
        speed: what every user is to have, tok/s/user.
        ttft_limit: largest median time to first token, s; rows that state none are out.
        as_of: day (ISO) up to which rows are taken; undated rows are out.
        power_edition: of the table of power.
        price: edition and basis of the table of prices, one of `prices()`.
        tokens: which tokens throughput and cost count, a key of `TOKENS`.
        megawatts: all-in power of the fleet, MW, unless `gpus` says how many there are.
        gpus: GPUs of the fleet.
        least: what the best deployment takes least of, energy or cost.
        above: the system whose ratio is shown, one of `systems`; the first if empty.
        below: the system that it is compared with; the last if empty.
        per: what throughput is counted for, a key of `PER`.
        claim: a ratio that somebody claims; None for no claim.
        wording: how it is claimed: "" (typically), "up to", or "at" the speed.

    Raises:
        UsageError: for a value that is none of the choices, or not positive.
    """

    model: str = "deepseek-r1"
    shape: str = "8192/1024"
    systems: tuple[str, ...] = ("gb300", "gb200", "b200", *BASELINES)
    speed: float = 50.0
    ttft_limit: float | None = None
    as_of: str | None = None
    power_edition: str = "2025"
    price: str = "2026-07 hyperscaler"
    tokens: str = field(default="input and output", metadata={"of": TOKENS})
    megawatts: float = 1.0
    gpus: int | None = None
    least: str = field(default="energy", metadata={"of": LEAST})
    above: str = ""
    below: str = ""
    per: str = field(default="MW", metadata={"of": PER})
    claim: float | None = None
    wording: str = field(default="", metadata={"of": WORDINGS})

    def __post_init__(self):
        systems = (self.systems,) if isinstance(self.systems, str) else tuple(self.systems)
        if not systems:
            raise UsageError("systems is empty; name at least one, such as 'gb200'")
        systems = tuple(dict.fromkeys(" ".join(str(one).split()) for one in systems))
        object.__setattr__(self, "systems", systems)
        known = {one.name: one.metadata["of"] for one in fields(self) if one.metadata}
        known |= {"power_edition": hardware.POWER_EDITIONS, "price": prices()}
        for name, end in (("above", 0), ("below", -1)):
            if not getattr(self, name):
                object.__setattr__(self, name, systems[end])
            known[name] = systems
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise UsageError(f"{name} is {getattr(self, name)!r}; {among(name, values)}")
        if not re.fullmatch(r"[1-9]\d*/[1-9]\d*", str(self.shape)):
            raise UsageError(f"shape is {self.shape!r}; expected tokens such as 8192/1024")
        for name in ("speed", "megawatts", "ttft_limit", "claim", "gpus"):
            _check_positive(name, getattr(self, name), name in ("speed", "megawatts"))
        if self.as_of is not None and pd.isna(pd.to_datetime(self.as_of, errors="coerce")):
            raise UsageError(f"as_of is {self.as_of!r}; expected a date such as 2026-03-31")
        for one in systems:
            conditions(one)

    @property
    def fleet(self) -> str:
        """The fleet in words."""
        if self.gpus is not None:
            return f"{self.gpus:,} GPU{'s' * (self.gpus != 1)}"
        return f"{self.megawatts:g} MW"


def conditions(system: str, /) -> dict:
    """Return what the words of a system ask for, by column; UsageError for what is no system.

    >>> conditions("h200 fp8 node no-mtp")
    {'hardware': 'h200', 'precision': 'fp8', 'single_node': True, 'speculative': False}
    """
    key, *words = system.split() or [""]
    known = _accelerators()
    if key not in known:
        raise UsageError(f"system {system!r} begins with no accelerator: {among(key, known)}")
    found = {"hardware": key}
    for word in words:
        other = "precision" if re.fullmatch(_PRECISION, word) else "framework"
        column, value = CONDITIONS.get(word, (other, word))
        if column in found:
            raise UsageError(f"system {system!r} asks twice for its {column}; drop one word")
        found[column] = value
    if found.get("disaggregated") and found.get("single_node"):
        raise UsageError(f"system {system!r}: one node is never split here; drop one of the two")
    return found


def named(system: str, /) -> str:
    """Return a system as a reader has it.

    >>> named("h200 node no-mtp"), named("gb200 fp4 dynamo-trt")
    ('H200, one node, no MTP', 'GB200, FP4, Dynamo with TensorRT-LLM')
    """
    key, *words = system.split()
    told = spoken(words)
    return ", ".join([hardware.name(key), *(WORDS.get(word, told[word]) for word in words)])


def spoken(keys: Iterable[str], /) -> dict[str, str]:
    """Return what a reader calls models, engines and number formats, by their keys.

    >>> spoken(["deepseek-r1", "trt", "fp8"])
    {'deepseek-r1': 'DeepSeek-R1', 'trt': 'TensorRT-LLM', 'fp8': 'FP8'}
    """
    known = entries.naming()
    return {key: key.upper() if re.fullmatch(_PRECISION, key) else known(key) for key in keys}


def with_own(rows: pd.DataFrame, /) -> pd.DataFrame:
    """Return rows with one's own imported ones, in the order in which the explorer holds them.

    Own rows are told by their source, and asked for by the word ``own`` in a system.
    """
    mine = measurements.own()
    rows = pd.concat([rows, mine], ignore_index=True) if len(mine) else rows
    rows = rows.assign(label=rows["label"].fillna("")) if "label" in rows else rows
    order = ["source", "model", "hardware", *measurements.CONFIGURATION, "citation", "run_url"]
    return rows.sort_values(list(dict.fromkeys(order)), kind="stable").reset_index(drop=True)


def matching(rows: pd.DataFrame, choice: Choice, system: str, /, shape: str | None = None):
    """Return the rows of one system that meet a choice; `shape` in place of the choice's."""
    asked = conditions(system)
    isl, osl = map(int, (shape or choice.shape).split("/"))
    kept = (rows["model"] == choice.model) & (rows["isl"] == isl) & (rows["osl"] == osl)
    kept &= (rows["source"] == measurements.OWN) == asked.pop("own", False)
    if asked.pop("single_node", False):
        kept &= ~rows["disaggregated"] & (rows["gpus"] <= 8)
    if choice.as_of is not None:
        kept &= rows["date"] <= pd.Timestamp(choice.as_of)
    if choice.ttft_limit is not None:
        kept &= rows["ttft"] <= choice.ttft_limit
    for column, value in asked.items():
        kept &= rows[column] == value
    return quantified(rows[kept], choice).assign(system=system)


def measured(rows: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return the rows that meet a choice, one system after the other, with their quantities."""
    parts = [matching(rows, choice, system) for system in choice.systems]
    return pd.concat(parts, ignore_index=True)


def quantified(points: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return points with the columns of `QUANTITIES` and `deployments`, how many the fleet holds.

    What an edition has no power or price for is NaN, and so is energy that nobody measured.
    """
    editions = _editions(choice.power_edition, choice.price)
    kw, usd = (points["hardware"].map(one).to_numpy(float) for one in editions)
    total = points["throughput_per_gpu"].to_numpy(float)
    output = points["output_throughput_per_gpu"].to_numpy(float)
    tokens = points[TOKENS[choice.tokens]].to_numpy(float)
    isl, osl, gpus = (points[name].to_numpy(float) for name in ("isl", "osl", "gpus"))
    counted = 1.0 if choice.tokens == "output" else (isl + osl) / osl
    joules = points[ENERGY].to_numpy(float) if ENERGY in points else np.full(len(kw), np.nan)
    there = choice.megawatts * 1000 / kw if choice.gpus is None else np.full(len(kw), choice.gpus)
    # Whole ones, where a fleet in megawatts is a fraction that may be whole but for its last bit.
    deployments = np.floor(np.nan_to_num(there) / gpus * (1 + 1e-9)).astype(int)
    writing = np.floor(deployments * gpus * (output / points["interactivity"]) * (1 + 1e-9))
    return points.assign(
        tok_s_per_gpu=tokens,
        tok_s_per_mw=tokens * 1000 / kw,
        tok_per_usd=tokens * 3600 / usd,
        tok_per_joule=counted / joules,
        usd_per_million_tokens=usd / (tokens * 3600) * 1e6,
        wh_per_answer=kw * 1000 / 3600 / (total / (isl + osl)),
        wh_measured=joules * osl / 3600,
        deployments=deployments,
        users=np.minimum(writing, deployments * points["concurrency"].to_numpy(float)),
    )


def front(points: pd.DataFrame, quantity: str, /, *, fits: bool = True) -> pd.DataFrame:
    """Return the points that no other beats in speed and one quantity, by speed.

    Points without the quantity are left out and, with `fits`, deployments that the fleet does not
    hold whole. Of equal ones the first stays.
    """
    kept = _known(points, quantity)
    if fits:
        kept &= points["deployments"].to_numpy() >= 1
    there = np.flatnonzero(kept)
    worth = points[quantity].to_numpy(float)[there] * (1 if QUANTITIES[quantity][2] else -1)
    speed = points["interactivity"].to_numpy(float)[there]
    best_there = is_nondominated(np.column_stack([speed, worth])) if len(there) else []
    there, speed = there[best_there], speed[best_there]
    return points.iloc[there[np.argsort(speed)]]


def best(points: pd.DataFrame, choice: Choice, /, most: int = 5) -> pd.DataFrame:
    """Return the deployments that have the speed at the least energy or cost, best first.

    Having it means: a row at least so fast, at least one whole deployment in the fleet. Of a
    configuration in a system only its best row stands.
    """
    column = LEAST[choice.least]
    meets = (points["interactivity"] >= choice.speed) & (points["deployments"] >= 1)
    found = points[meets & points[column].notna()].sort_values(column, kind="stable")
    # Not the source: two may have the same run.
    same = ["system", *(name for name in measurements.CONFIGURATION if name != "source")]
    return found.drop_duplicates(same).head(most).reset_index(drop=True)


def _known(points: pd.DataFrame, quantity: str) -> np.ndarray:
    values = points[quantity].to_numpy(float)
    return np.isfinite(values) & (values > 0)


@dataclass(frozen=True)
class Compared:
    """One system over another: the ratio, as steps, over the speeds that both have.

    `ratio[i]` holds above `edges[i]` up to `edges[i + 1]`. The typical ratio is the mean log ratio
    over log speed up to `floor_at`, where the lower system reaches its floor; `largest` is the
    largest up to there, at `largest_at`. `met` are the stretches of at least the claimed
    value, over all speeds, and `share` their part of the range up to the floor.
    """

    edges: np.ndarray
    ratio: np.ndarray
    floor_at: float = np.nan
    typical: float = np.nan
    largest: float = np.nan
    largest_at: float = np.nan
    at_speed: float = np.nan
    met: tuple[tuple[float, float], ...] = ()
    share: float = np.nan


def compare(
    rows: pd.DataFrame, choice: Choice, above: str, below: str, /, shape: str | None = None
) -> Compared | None:
    """Return one system over another in the unit of `choice.per`; None if they share no speed.

    Deployments are of any size: whether a ratio is there does not depend on a fleet.
    """
    column, fronts = PER[choice.per], []
    for system in (above, below):
        points = matching(rows, choice, system, shape)
        points = points[_known(points, column)]
        if points.empty:
            return None
        x, y = points["interactivity"], points[column]
        fronts.append(curves.Frontier(x, y, rows=points.index))
    if curves.shared_range(*fronts) is None:
        return None
    peak = points.loc[fronts[1].rows[0]]  # of the lower system
    counted = peak["osl"] / (peak["isl"] + peak["osl"]) if choice.tokens == "output" else 1.0
    floor = float(curves.sound_from(peak[column], counted * peak[column] / peak["tok_s_per_gpu"]))
    edges = curves.pieces(*fronts)
    found = curves.extremes(*fronts, floor=floor)
    covered = curves.shared_range(*fronts, floor=floor)
    met, share = (), np.nan
    if choice.claim is not None:
        met = curves.stretches(*fronts, at_least=choice.claim)
        inside = curves.stretches(*fronts, at_least=choice.claim, floor=floor)
        width = np.log(covered[1] / covered[0]) if covered else 0.0
        if width > 0:
            share = sum(np.log(one.high / one.low) for one in inside) / width
    return Compared(
        edges=edges,
        ratio=curves.ratio(*fronts, edges[1:]),
        floor_at=covered[1] if covered else np.nan,
        typical=curves.geometric_mean(*fronts, floor=floor),
        largest=found.best,
        largest_at=found.best_at,
        at_speed=float(curves.ratio(*fronts, choice.speed)),
        met=tuple((one.low, one.high) for one in met),
        share=float(share),
    )


def claimed(rows: pd.DataFrame, choice: Choice, /) -> pd.DataFrame:
    """Return how a claim stands in each traffic, over the chosen baseline and the two of Hopper.

    One row a traffic and baseline: `shape`, `below`, `typical`, `largest`, `at_speed`, `met_low`,
    `met_high` (the ends of where it is met, not always whole between), `share`.
    """
    found = []
    shapes = measurements.shapes(rows[rows["model"] == choice.model])
    for below in dict.fromkeys((choice.below, *BASELINES)):
        for shape in sorted(shapes.unique(), key=lambda text: text.split("/"), reverse=True):
            one = compare(rows, choice, choice.above, below, shape)
            if one is not None and below != choice.above:
                ends = (one.met[0][0], one.met[-1][1]) if one.met else (np.nan, np.nan)
                values = (one.typical, one.largest, one.at_speed, *ends, one.share)
                found.append((shape, below, *values))
    columns = ["shape", "below", "typical", "largest", "at_speed", "met_low", "met_high", "share"]
    return pd.DataFrame(found, columns=columns)


# Reading a table takes longer than all that is made of it at a step of a slider.
@remembered.of("accelerators")
def _accelerators() -> list[str]:
    return tables.read("accelerators")["hardware"].tolist()


@remembered.of("power", "prices")
def _editions(power_edition: str, price: str) -> tuple[pd.Series, pd.Series]:
    """Return the power (kW per GPU) and the price ($ per GPU-hour) by accelerator."""
    power, prices = tables.read("power"), tables.read("prices")
    power = power[power["edition"] == power_edition]
    prices = prices[prices["edition"] + " " + prices["basis"] == price]
    return (
        power.set_index("hardware")["kw_per_gpu"],
        prices.set_index("hardware")["usd_per_gpu_hour"],
    )


def _check_positive(name, value, needed):
    if value is None and not needed:
        return
    kind = Integral if name == "gpus" else Real
    fine = isinstance(value, kind) and not isinstance(value, bool) and 0 < value < np.inf
    if not fine:
        whole = "whole " * (kind is Integral)
        raise UsageError(f"{name} is {value!r}; expected a {whole}number above 0")


def __getattr__(name):
    # anywidget takes a tenth of a second to import, and only who shows an explorer needs it.
    if name in ("Explorer", "embedded"):
        from frontier.explorer import widget

        return getattr(widget, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
