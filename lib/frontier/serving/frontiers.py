"""The modelled frontier of a system: the best of every configuration it could run.

All worker layouts, batches, draft lengths and serving modes are evaluated as arrays, in chunks
that bound memory, and only what is nondominated is kept. `sweep` gives a `curves.Frontier` to
compare with measured ones; `front` the configurations behind it; `ratio_interval` the ratio of
two modelled systems with an interval as wide as such ratios missed measured ones. Rows that are
given rather than searched belong in `configurations`.

>>> from frontier.serving import System, ratio_interval
>>> shape = {"isl": 8192, "osl": 1024}
>>> new = System("deepseek-r1", "gb200", "fp4", **shape)
>>> old = System("deepseek-r1", "h200", "fp8", single_node=True, **shape)
>>> found = ratio_interval(new, old, [50], draws=20)
>>> bool(found["low"].iloc[0] <= found["high"].iloc[0])
True
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np
import pandas as pd

from frontier.curves import Frontier, ratio
from frontier.curves.pareto import is_nondominated
from frontier.data import hardware as hardware_table
from frontier.data.measurements import SOURCES
from frontier.errors import UsageError
from frontier.serving import calibration, machines, modes, remembered, steps, transformers
from frontier.serving.modes import Service, Traffic
from frontier.serving.steps import Constants, Layout
from frontier.serving.transformers import transformer

BATCHES = np.unique(np.round(np.geomspace(1, 16384, 80)))  # sequences in a decode worker
WORKERS = (1, 2, 4, 8, 12, 16, 24, 32, 36, 48, 64, 72, 96, 128, 144, 256)
NODE = 8
MEMORY_SHARE = 0.9  # of memory for weights and cache; the rest is activations and buffers
CHUNK = 32768  # configurations evaluated at a time: their arrays stay in the processor's cache
BEST = ("cost", "power")


@dataclass(frozen=True, repr=False)
class System:
    """What a frontier is of: one model served on one accelerator, and what is allowed.

    Args:
        model: key of the table of models.
        hardware: key of the table of accelerators.
        precision: bf16, fp8 or fp4 (nvfp4 or mxfp4, as the model comes).
        isl: nominal input length, tokens.
        osl: nominal output length, tokens.
        speculative: drafted tokens allowed; the best draft length of 0 to 3 is taken.
        disaggregated: True or False for one mode only; None takes the better.
        max_gpus: GPUs of a deployment.
        max_worker_gpus: GPUs of a worker; by default the NVLink domain, or as many as the
            weights need where they do not fit in it. Larger ones exchange over the network.
        max_tp: GPUs of an attention share; above 8 nothing was measured on these systems.
        expert_parallel: False keeps attention and experts tensor-parallel.
        domain: another NVLink domain for the same silicon, to ask what the domain is worth.
        single_node: one aggregated worker of at most 8 GPUs.
        age_months: how much older the software is than the newest that was fitted to.

    >>> System("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
    System('deepseek-r1', 'h200', 'fp8', isl=8192, osl=1024, single_node=True)
    """

    model: str
    hardware: str
    precision: str
    isl: int
    osl: int
    speculative: bool = False
    disaggregated: bool | None = None
    max_gpus: int = 72
    max_worker_gpus: int | None = None
    max_tp: int = NODE
    expert_parallel: bool = True
    domain: int | None = None
    single_node: bool = False
    age_months: float = 0.0

    def __repr__(self):
        # What differs from the defaults: the other ten say nothing about this system.
        said = [repr(getattr(self, name)) for name in ("model", "hardware", "precision")]
        said += [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in fields(self)[3:]
            if getattr(self, one.name) != one.default
        ]
        return f"System({', '.join(said)})"

    def __post_init__(self):
        counts = ("isl", "osl", "max_gpus", "max_worker_gpus", "max_tp", "domain")
        for name in counts:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}; expected at least 1")
        if not 0 <= self.age_months < np.inf:
            raise UsageError(f"age_months is {self.age_months}; expected at least 0")
        if self.single_node and self.disaggregated:
            raise UsageError("a single node is not disaggregated here: drop one of the two")


def sweep(
    model: str,
    hardware: str | Sequence[str],
    precision: str | Sequence[str],
    *,
    isl: int,
    osl: int,
    output_tokens: bool = False,
    best: str | None = None,
    edition: str = hardware_table.POWER_EDITIONS[-1],
    constants: Constants | None = None,
    acceptance: float | None = None,
    batches: Sequence[float] | None = None,
    **options,
) -> Frontier:
    """Return the modelled frontier of throughput over interactivity.

    Args:
        model: and `isl`, `osl`, `options`: as `System`.
        hardware: accelerator; with `best`, one or several to choose from.
        precision: number format; with `best`, one or several to choose from.
        isl: nominal input length, tokens.
        osl: nominal output length, tokens.
        output_tokens: count output tokens only, instead of input and output.
        best: None gives tok/s per GPU; "cost" tokens per dollar (hyperscaler's price) and "power"
            tok/s per MW, of the accelerator and number format that gives most at each speed.
        edition: of prices and power.
        constants: instead of the family's fitted ones.
        acceptance: probability that a drafted token is accepted, instead of the measured
            acceptance lengths; needed where no draft module of the model was measured.
        batches: sequences in a decode worker to try, each at least 1.
        options: speculative, disaggregated, max_gpus, ... as `System`.

    Returns:
        A frontier whose `rows` name the configurations, with ``extrapolated`` in the name of
        those outside what was validated and ``forecast`` on unmeasured accelerators.

    Raises:
        UsageError: for what does not exist, does not fit in memory, or is not positive.

    >>> front = sweep("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
    >>> front.unit, bool(front.at(30) > front.at(60))
    ('modelled tok/s/GPU', True)
    >>> chosen = sweep("deepseek-r1", ["h200", "b200"], "fp8", isl=8192, osl=1024, best="cost")
    >>> chosen.rows[0].split()[0] in ("h200", "b200")
    True
    """
    chips = [hardware] if isinstance(hardware, str) else list(hardware)
    formats = [precision] if isinstance(precision, str) else list(precision)
    if best not in (None, *BEST):
        raise UsageError(f"best is {best!r}; expected None, {' or '.join(BEST)}")
    if best is None and (len(chips) > 1 or len(formats) > 1):
        raise UsageError("several accelerators or formats need best='cost' or best='power'")
    column = "output_throughput_per_gpu" if output_tokens else "throughput_per_gpu"
    parts, refusal = [], None
    for chip, number_format in product(chips, formats):
        system = System(model, chip, number_format, isl, osl, **options)
        try:
            found = front(system, constants=constants, acceptance=acceptance, batches=batches)
        except UsageError as error:
            refusal = error
            continue
        worth = found[column] * _worth(chip, best, edition)
        named = f"{chip} {number_format} " * (len(chips) * len(formats) > 1) + _described(found)
        parts.append(pd.DataFrame({"x": found["interactivity"], "y": worth, "row": named}))
    if not parts:
        raise refusal
    rows = pd.concat(parts, ignore_index=True)
    unit = {None: "tok/s/GPU", "cost": "tok/$", "power": "tok/s/MW"}[best]
    unit = f"modelled {'output ' * output_tokens}{unit}"
    sets = rows["row"].str.partition(" batch")[0]
    return Frontier(rows["x"], rows["y"], configurations=sets, rows=rows["row"], unit=unit)


def _worth(chip, best, edition) -> float:
    """Return what a token a second and GPU is in the unit of a sweep."""
    if best == "cost":
        return 3600 / hardware_table.price(chip, edition)
    return 1000 / hardware_table.power_kw(chip, edition) if best == "power" else 1.0


def front(
    system: System,
    *,
    constants: Constants | None = None,
    acceptance: float | None = None,
    batches: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Return the nondominated configurations of a system, by interactivity.

    One row each: `interactivity` (tok/s/user), `throughput_per_gpu` and
    `output_throughput_per_gpu` (tok/s/GPU over all GPUs), `ttft` (s), `disaggregated`, `gpus`
    of the deployment, `worker_gpus`, `tp`, `expert_parallel`, `batch` and `draft` (drafted
    tokens) of a decode worker, `extrapolated` and `forecast`. Arguments and errors as `sweep`.

    >>> system = System("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
    >>> found = front(system)
    >>> bool(found["interactivity"].is_monotonic_increasing)
    True
    """
    if constants is None and batches is None:
        return _usual_front(system, acceptance).copy(deep=False)
    return _front(system, constants, acceptance, BATCHES if batches is None else batches)


_TABLES = ("accelerators", "acceptance", "serving_fit", "serving_validation", "transformers")


@remembered.of(*_TABLES, *SOURCES)
def _usual_front(system, acceptance):
    return _front(system, None, acceptance, BATCHES)


def _front(system, constants, acceptance, batches) -> pd.DataFrame:
    """Return `front` of a system, searched anew."""
    service = _service(system, constants, acceptance)
    batches = np.asarray(batches, float)
    if not (np.isfinite(batches) & (batches >= 1)).all() or not len(batches):
        raise UsageError("batches must be numbers of at least 1")
    kept = None
    for found in _candidates(system, service, np.sort(batches)):
        kept = _nondominated(kept, found)
    if kept is None or not len(kept["interactivity"]):
        raise UsageError(_too_big(system, service))
    return _tabled(system, service, kept)


def ratio_interval(
    new: System,
    old: System,
    at: Sequence[float],
    /,
    *,
    draws: int = 200,
    level: float = 0.9,
    model_error: bool = True,
    output_tokens: bool = False,
    acceptance: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the modelled ratio of throughput per GPU at interactivities, with an interval.

    The interval is for the ratio of what would be measured, as a mean over the speeds that two
    frontiers share: it is centred on the ratio less what frontiers of these accelerators,
    formats and modes were found to miss, and as wide as such ratios still missed those of
    systems held out of the fit (`calibration.interval`). At a single speed a measured step curve
    of few points can lie further off. It is wider where either side is extrapolated.

    Args:
        new: the numerator.
        old: the denominator.
        at: interactivities, tok/s/user.
        draws: refits used, at most, where `model_error` is off.
        level: share of ratios of held-out systems that the interval holds.
        model_error: off, the interval is only that of the constants, from refits on resampled
            curves (the same for both systems if they share a family).
        output_tokens: count output tokens only.
        acceptance: as of `sweep`.
        seed: kept for callers; nothing is random.

    Returns:
        One row an interactivity: `interactivity`, `ratio`, `low`, `high`, and `extrapolated`:
        whether either point is outside what was validated. NaN past an end.

    Raises:
        UsageError: as `sweep`.

    >>> shape = {"isl": 8192, "osl": 1024}
    >>> rack = System("deepseek-r1", "gb200", "fp4", **shape)
    >>> node = System("deepseek-r1", "h200", "fp8", single_node=True, **shape)
    >>> ratio_interval(rack, node, [50], draws=20).columns.tolist()
    ['interactivity', 'ratio', 'low', 'high', 'extrapolated']
    """
    for system in (new, old):
        if not isinstance(system, System):
            raise UsageError(f"expected two of serving.System, not {system!r}")
    if draws < 1:
        raise UsageError(f"draws is {draws}; expected at least 1")
    if not 0 < level < 1:
        raise UsageError(f"level is {level}; expected a share between 0 and 1")
    at = np.asarray(at, float)
    fronts = [front(system, acceptance=acceptance) for system in (new, old)]
    found = _ratio(fronts, at, output_tokens)
    outside = np.any([_extrapolated_at(one, at) for one in fronts], axis=0)
    if model_error:
        factors = [calibration.interval(new, old, wide, level=level) for wide in (False, True)]
        low, high = (found * np.where(outside, factors[1][end], factors[0][end]) for end in (0, 1))
    else:
        drawn = _drawn((new, old), at, acceptance, draws, output_tokens)
        tails = (1 - level) / 2, (1 + level) / 2
        low, high = np.quantile(np.nan_to_num(drawn), tails, axis=0)
    known = np.where(np.isnan(found), np.nan, 1.0)
    ends = {"low": low * known, "high": high * known}
    return pd.DataFrame({"interactivity": at, "ratio": found, **ends, "extrapolated": outside})


def sensitivity(new: System, old: System, at: Sequence[float], /) -> pd.DataFrame:
    """Return the modelled ratio per GPU with each fitted constant at the ends of its spread.

    One row a constant and interactivity: `family`, `constant`, `interactivity`, `ratio`, and
    `at_low` and `at_high`, the ratio with that constant alone at its 5 % and 95 % quantile (in
    both systems, if they share the family).
    """
    at, families = np.asarray(at, float), [transformer(one.model).family for one in (new, old)]

    def found(changed=None, **changes):
        fronts = []
        for system, family in zip((new, old), families, strict=True):
            fitted = calibration.constants(family)
            fitted = replace(fitted, **changes) if family == changed else fitted
            fronts.append(front(system, constants=fitted))
        return _ratio(fronts, at, False)

    rows, usual = [], found()
    spread = calibration.spread()
    for one in spread[spread["fitted"] & spread["family"].isin(families)].itertuples():
        low, high = (found(one.family, **{one.constant: value}) for value in (one.low, one.high))
        moved = {"interactivity": at, "ratio": usual, "at_low": low, "at_high": high}
        rows.append(pd.DataFrame({"family": one.family, "constant": one.constant, **moved}))
    return pd.concat(rows, ignore_index=True)


def count(system: System, *, batches: Sequence[float] | None = None) -> int:
    """Return how many configurations a sweep evaluates: layouts, batches, drafts and modes."""
    service = _service(system, None, 0.5)
    decode = len(_layouts(system, service).gpus)
    each = len(BATCHES if batches is None else batches)
    return decode * each * len(_drafts(system)) * len(_modes(system))


def _service(system, constants, acceptance) -> Service:
    model = transformer(system.model)
    machine = machines.machine(system.hardware)
    if system.domain is not None:
        machine = machine.with_domain(system.domain)
    numbers = machines.numbers(model, system.precision, system.hardware)
    fitted = constants or calibration.constants(model.family)
    accepted = transformers.accepted(model, acceptance) if system.speculative else (1.0,)
    traffic = Traffic.nominal(system.isl, system.osl)
    slower = float(np.exp(fitted.progress * system.age_months))
    return Service(model, machine, numbers, fitted, traffic, accepted, slower=slower)


def _modes(system) -> tuple[bool, ...]:
    """Return the serving modes to try: disaggregated or not."""
    if system.single_node:
        return (False,)
    return (False, True) if system.disaggregated is None else (system.disaggregated,)


def _drafts(system) -> tuple[int, ...]:
    """Return the draft lengths to try, each its own configuration."""
    return (0, *modes.DRAFTS) if system.speculative else (0,)


def _layouts(system: System, service: Service) -> Layout:
    """Return every way to lay a worker out, as columns of shape (layouts, 1)."""
    model, limit = service.model, system.max_worker_gpus
    limit = limit or max(int(service.machine.domain), _least_gpus(service))
    limit = min(limit, system.max_gpus, NODE if system.single_node else limit)
    found = []
    for gpus in (size for size in WORKERS if size <= limit):
        for tp in (1, 2, 4, 8, 16, 32, 64):
            if gpus % tp or tp > system.max_tp:
                continue
            if tp == gpus:
                found.append((gpus, tp, False))
            if model.experts and system.expert_parallel and 1 < gpus <= model.experts:
                found.append((gpus, tp, True))
    if not found:
        raise UsageError("no worker layout is within max_worker_gpus, max_tp and max_gpus")
    columns = np.array(found, float).T[:, :, None]
    return Layout(columns[0], columns[1], columns[2] > 0)


def _prefill(system: System, service: Service):
    """Return GPUs and seconds per request of the prefill worker of least GPU time, or None."""
    layout = _layouts(replace(system, max_worker_gpus=_prefill_limit(system, service)), service)
    prompts = modes.most_prompts(service)
    seconds, latency = modes.prefill_seconds(service, layout, prompts)
    fits = modes.fits(service, layout, layout.shares * prompts, MEMORY_SHARE)
    cost = np.where(fits, seconds * layout.gpus, np.inf)
    best = int(np.argmin(cost))
    if not np.isfinite(cost.flat[best]):
        return None
    return layout.gpus.flat[best], seconds.flat[best], latency.flat[best]


def _prefill_limit(system, service):
    limit = system.max_worker_gpus or max(int(service.machine.domain), _least_gpus(service))
    return min(limit, max(NODE, _least_gpus(service)))


def _least_gpus(service) -> int:
    """Return the power of two of GPUs that weights fit on, with some room for the cache."""
    weights = steps.weight_bytes(service.model, service.numbers, Layout(1.0, 1.0, False))
    needed = 1.2 * weights / (MEMORY_SHARE * service.machine.memory)
    return 2 ** max(0, int(np.ceil(np.log2(needed))))


def _candidates(system: System, service: Service, batches) -> Iterator[dict]:
    """Yield the arrays of each chunk of configurations that fit in memory."""
    layout = _layouts(system, service)
    rows = max(1, CHUNK // len(batches))
    prefill = _prefill(system, service) if True in _modes(system) else None
    for first in range(0, len(layout.gpus), rows):
        some = slice(first, first + rows)
        part = Layout(layout.gpus[some], layout.tp[some], layout.expert_parallel[some])
        for start in range(0, len(batches), CHUNK):
            batch = batches[None, start : start + CHUNK]
            for split, draft in product(_modes(system), _drafts(system)):
                if not split or prefill is not None:
                    stage = prefill if split else None
                    yield _evaluated(system, service, part, batch, draft, stage)


def _evaluated(system, service, layout, batch, draft, prefill) -> dict:
    """Return the flat arrays of one chunk in one mode: aggregated if `prefill` is None."""
    fits = modes.fits(service, layout, batch, MEMORY_SHARE) & (batch >= layout.shares)
    if prefill is None:
        found = modes.aggregated(service, layout, batch, draft)
        _, latency = modes.prefill_seconds(service, layout)
        rate, gpus = found["rate"] / layout.gpus, layout.gpus
        ttft = latency + found["tpot"] / 2 + modes.REQUEST_S[0]
    else:
        found = modes.disaggregated(service, layout, batch, draft, prefill[:2], system.max_gpus)
        rate, gpus = found["rate_per_gpu"], found["gpus"]
        ttft = prefill[2] + modes.REQUEST_S[1]
    keep = np.flatnonzero(fits & (rate > 0))
    shape = np.broadcast_shapes(fits.shape, rate.shape)
    columns = {
        "interactivity": 1 / found["tpot"],
        "rate": rate * modes.OCCUPANCY[prefill is not None],
        "ttft": ttft,
        "gpus": gpus,
        "worker_gpus": layout.gpus,
        "tp": layout.tp,
        "expert_parallel": layout.expert_parallel,
        "batch": batch,
        "draft": np.asarray(draft),
        "disaggregated": np.asarray(prefill is not None),
    }
    return {name: np.broadcast_to(value, shape).ravel()[keep] for name, value in columns.items()}


def _nondominated(kept, found):
    """Return the nondominated configurations of two sets of arrays."""
    if kept is not None:
        found = {name: np.concatenate([kept[name], found[name]]) for name in found}
    points = np.column_stack([found["interactivity"], found["rate"]])
    mask = is_nondominated(points)
    return {name: values[mask] for name, values in found.items()}


def _tabled(system, service, kept) -> pd.DataFrame:
    """Return the frame of `front`."""
    traffic, order = service.traffic, np.argsort(kept["interactivity"])
    kept = {name: values[order] for name, values in kept.items()}
    for name in ("gpus", "worker_gpus", "tp"):
        kept[name] = kept[name].astype(int)
    rate, decoding = kept.pop("rate"), traffic.osl / kept["interactivity"]
    tokens = {
        "throughput_per_gpu": rate * (traffic.isl + traffic.osl),
        "output_throughput_per_gpu": rate * traffic.osl,
    }
    kind = system.model, system.hardware, system.precision, system.speculative
    outside = calibration.extrapolated(
        [(*kind, bool(split)) for split in kept["disaggregated"]],
        isl=system.isl,
        osl=system.osl,
        gpus=kept["worker_gpus"],
        tp=kept["tp"],
        users_per_gpu=rate * (decoding + kept["ttft"]),
    )
    outside = outside | (system.domain is not None)
    return pd.DataFrame(
        {
            "interactivity": kept.pop("interactivity"),
            **tokens,
            **kept,
            "extrapolated": outside,
            "forecast": calibration.forecast(system.hardware),
        }
    )


def _described(found: pd.DataFrame) -> pd.Series:
    """Return one line on each configuration."""

    def line(row):
        mode = "disaggregated" if row.disaggregated else "aggregated"
        experts = " ep" if row.expert_parallel else ""
        experts += f" draft {row.draft}" if row.draft else ""
        outside = ", extrapolated" * row.extrapolated + ", forecast" * row.forecast
        return f"{mode} {row.worker_gpus} gpus tp{row.tp}{experts} batch {row.batch:g}{outside}"

    return pd.Series([line(row) for row in found.itertuples()])


def _too_big(system: System, service: Service) -> str:
    layout = _layouts(system, service)
    most = Layout(layout.gpus.max(), min(layout.gpus.max(), system.max_tp), True)
    need = float(steps.weight_bytes(service.model, service.numbers, most)) * most.gpus
    room = MEMORY_SHARE * float(service.machine.memory) * most.gpus
    return (
        f"{system.model} in {system.precision} does not fit: its weights take {need / 1e9:.0f} GB "
        f"and {most.gpus:.0f} {system.hardware} leave {room / 1e9:.0f} GB: use fewer bits, larger "
        "workers (max_worker_gpus) or shorter sequences"
    )


def _ratio(fronts, at, output_tokens):
    """Return the ratio of two frames of `front` at interactivities; NaN past an end."""
    column = "output_throughput_per_gpu" if output_tokens else "throughput_per_gpu"
    return ratio(*(Frontier(one["interactivity"], one[column]) for one in fronts), at)


def _extrapolated_at(found: pd.DataFrame, at):
    """Return whether the configuration behind each interactivity is; past the end it is."""
    flags = np.append(found["extrapolated"].to_numpy(), True)
    return flags[np.searchsorted(found["interactivity"].to_numpy(), at)]


def _drawn(systems, at, acceptance, draws, output_tokens):
    """Return (draws, n) ratios of two systems under refits of the constants."""
    pools = [calibration.samples(transformer(system.model).family) for system in systems]
    return [
        _ratio(
            [
                front(system, constants=one, acceptance=acceptance)
                for system, one in zip(systems, drawn, strict=True)
            ],
            at,
            output_tokens,
        )
        for drawn in list(zip(*pools, strict=False))[:draws]
    ]
