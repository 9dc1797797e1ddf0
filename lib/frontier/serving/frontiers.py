"""The modelled frontier of a system: the best of every configuration it could run.

All worker layouts, batches, draft lengths and serving modes are evaluated as arrays, in chunks
that bound memory, and only what is nondominated is kept. `sweep` gives a `curves.Frontier` to
compare with measured ones; `front` the configurations behind it; `ratio_interval` the ratio of
two modelled systems with the uncertainty of the constants and the error that held-out curves
show. Rows that are given rather than searched belong in `configurations`.

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

from frontier.curves import Frontier
from frontier.curves.pareto import is_nondominated
from frontier.errors import UsageError
from frontier.serving import calibration, machines, modes, steps, transformers
from frontier.serving.modes import Service, Traffic
from frontier.serving.steps import Constants, Layout
from frontier.serving.transformers import transformer

BATCHES = np.unique(np.round(np.geomspace(1, 16384, 80)))  # sequences in a decode worker
WORKERS = (1, 2, 4, 8, 12, 16, 24, 32, 36, 48, 64, 72, 96, 128, 144, 256)
NODE = 8
MEMORY_SHARE = 0.9  # of memory for weights and cache; the rest is activations and buffers
CHUNK = 32768  # configurations evaluated at a time: their arrays stay in the processor's cache
UNTRUSTED = ("h100",)  # measured with cross-node exchange and drafts only, which the model misses


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
        max_worker_gpus: GPUs of a worker; by default the NVLink domain. Larger ones
            exchange over the network.
        max_tp: GPUs of an attention share; above 8 nothing was measured on these systems.
        expert_parallel: False keeps attention and experts tensor-parallel.
        domain: another NVLink domain for the same silicon, to ask what the domain is worth.
        single_node: one aggregated worker of at most 8 GPUs.

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
        if self.single_node and self.disaggregated:
            raise UsageError("a single node is not disaggregated here: drop one of the two")


def sweep(
    model: str,
    hardware: str,
    precision: str,
    *,
    isl: int,
    osl: int,
    output_tokens: bool = False,
    constants: Constants | None = None,
    acceptance: float | None = None,
    batches: Sequence[float] | None = None,
    **options,
) -> Frontier:
    """Return the modelled frontier of throughput per GPU over interactivity.

    Args:
        model: and `hardware`, `precision`, `isl`, `osl`, `options`: as `System`.
        hardware: accelerator.
        precision: number format.
        isl: nominal input length, tokens.
        osl: nominal output length, tokens.
        output_tokens: count output tokens only, instead of input and output.
        constants: instead of the family's fitted ones.
        acceptance: of drafted tokens, instead of the fitted one; needed where the model
            publishes no draft module.
        batches: sequences in a decode worker to try, each at least 1.
        options: speculative, disaggregated, max_gpus, ... as `System`.

    Returns:
        A frontier whose `rows` describe the configurations, with ``extrapolated`` in the
        description of those outside what was validated.

    Raises:
        UsageError: for what does not exist, does not fit in memory, or is not positive.

    >>> front = sweep("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
    >>> front.unit, bool(front.at(30) > front.at(60))
    ('modelled tok/s/GPU', True)
    """
    system = System(model, hardware, precision, isl, osl, **options)
    found = front(system, constants=constants, acceptance=acceptance, batches=batches)
    column = "output_throughput_per_gpu" if output_tokens else "throughput_per_gpu"
    labels = _described(found)
    sets = labels.str.partition(" batch")[0]
    unit = "modelled output tok/s/GPU" if output_tokens else "modelled tok/s/GPU"
    x, y = found["interactivity"], found[column]
    return Frontier(x, y, configurations=sets, rows=labels, unit=unit)


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
    tokens) of a decode worker, and `extrapolated`. Arguments and errors as `sweep`.

    >>> system = System("deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True)
    >>> found = front(system)
    >>> bool(found["interactivity"].is_monotonic_increasing)
    True
    """
    service = _service(system, constants, acceptance)
    batches = BATCHES if batches is None else np.asarray(batches, float)
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

    Each draw takes constants from the resampled fits (the same for both systems if they share
    a family) and, with `model_error`, moves each frontier by the interactivity and throughput
    error of one held-out curve of its accelerator and precision (or of the family, where there
    are few): what the constants cannot explain.

    Returns:
        One row an interactivity: `interactivity`, `ratio`, `low`, `high` (quantiles that hold
        `level` of the draws; 0 or infinity where one frontier ends first), and
        `extrapolated`: whether either point is outside what was validated. NaN past an end.

    Raises:
        UsageError: as `sweep`; and for an accelerator whose ratios are not published.

    >>> shape = {"isl": 8192, "osl": 1024}
    >>> rack = System("deepseek-r1", "gb200", "fp4", **shape)
    >>> node = System("deepseek-r1", "h200", "fp8", single_node=True, **shape)
    >>> ratio_interval(rack, node, [50], draws=20).columns.tolist()
    ['interactivity', 'ratio', 'low', 'high', 'extrapolated']
    """
    for system in (new, old):
        if not isinstance(system, System):
            raise UsageError(f"expected two of serving.System, not {system!r}")
        if system.hardware in UNTRUSTED:
            raise UsageError(
                f"no modelled ratio is published for {system.hardware}: the model misses its "
                "measured rows; use measured ones or another accelerator"
            )
    if draws < 1:
        raise UsageError(f"draws is {draws}; expected at least 1")
    at = np.asarray(at, float)
    random = np.random.default_rng(seed)
    column = "output_throughput_per_gpu" if output_tokens else "throughput_per_gpu"
    fronts = [front(system, acceptance=acceptance) for system in (new, old)]
    ratio = _at(fronts[0], column, at) / _at(fronts[1], column, at)
    drawn = _drawn((new, old), column, at, acceptance, random, draws, model_error)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.nan_to_num(drawn[0]) / np.nan_to_num(drawn[1])
    tail = (1 - level) / 2
    low, high = (_quantile(ratios, share) for share in (tail, 1 - tail))
    outside = [_extrapolated_at(found, at) for found in fronts]
    return pd.DataFrame(
        {
            "interactivity": at,
            "ratio": ratio,
            "low": np.where(np.isnan(ratio), np.nan, low),
            "high": np.where(np.isnan(ratio), np.nan, high),
            "extrapolated": outside[0] | outside[1],
        }
    )


def sensitivity(
    new: System,
    old: System,
    at: Sequence[float],
    /,
    *,
    output_tokens: bool = False,
    acceptance: float | None = None,
) -> pd.DataFrame:
    """Return the modelled ratio with each fitted constant at the ends of its spread.

    One row a constant and interactivity: `family`, `constant`, `interactivity`, `ratio`, and
    `at_low` and `at_high`, the ratio with that constant alone at its 5 % and 95 % quantile (in
    both systems, if they share the family).
    """
    column = "output_throughput_per_gpu" if output_tokens else "throughput_per_gpu"
    at, families = np.asarray(at, float), [transformer(one.model).family for one in (new, old)]

    def found(changed=None, **changes):
        values = []
        for system, family in zip((new, old), families, strict=True):
            fitted = calibration.constants(family)
            fitted = replace(fitted, **changes) if family == changed else fitted
            values.append(_at(front(system, constants=fitted, acceptance=acceptance), column, at))
        return values[0] / values[1]

    rows, ratio = [], found()
    spread = calibration.spread()
    for one in spread[spread["fitted"] & spread["family"].isin(families)].itertuples():
        ends = [found(one.family, **{one.constant: value}) for value in (one.low, one.high)]
        rows.append(
            pd.DataFrame(
                {
                    "family": one.family,
                    "constant": one.constant,
                    "interactivity": at,
                    "ratio": ratio,
                    "at_low": ends[0],
                    "at_high": ends[1],
                }
            )
        )
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
    numbers = machines.numbers(model, [system.precision], [system.hardware])
    fitted = constants or calibration.constants(model.family)
    accepted = transformers.accepted(model, acceptance) if system.speculative else (1.0,)
    traffic = Traffic.nominal(system.isl, system.osl)
    return Service(model, machine, numbers, fitted, traffic, accepted).taking(0)


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
    model, limit = service.model, system.max_worker_gpus or int(service.machine.domain)
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
    limit = system.max_worker_gpus or int(service.machine.domain)
    least = steps.weight_bytes(service.model, service.numbers, Layout(1.0, 1.0, False))
    needed = least / (MEMORY_SHARE * service.machine.memory)
    return min(limit, max(NODE, 2 ** int(np.ceil(np.log2(needed * 1.2)))))


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
        found = modes.aggregated(service, layout, batch, (draft,))
        _, latency = modes.prefill_seconds(service, layout)
        rate, gpus = found["rate"] / layout.gpus, layout.gpus
        ttft = latency + found["tpot"] / 2 + modes.REQUEST_S[0]
    else:
        found = modes.disaggregated(
            service,
            layout,
            batch,
            (draft,),
            prefill_gpus=prefill[0],
            prefill_s=prefill[1],
            max_gpus=system.max_gpus,
        )
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
        {"interactivity": kept.pop("interactivity"), **tokens, **kept, "extrapolated": outside}
    )


def _described(found: pd.DataFrame) -> pd.Series:
    """Return one line on each configuration."""

    def line(row):
        mode = "disaggregated" if row.disaggregated else "aggregated"
        experts = " ep" if row.expert_parallel else ""
        experts += f" draft {row.draft}" if row.draft else ""
        outside = ", extrapolated" if row.extrapolated else ""
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


def _at(found: pd.DataFrame, column: str, at, shift=(1.0, 1.0)):
    """Return the attainable throughput at interactivities; NaN past the end."""
    x = found["interactivity"].to_numpy() * shift[0]
    y = np.append(found[column].to_numpy() * shift[1], np.nan)
    return y[np.searchsorted(x, at)]


def _extrapolated_at(found: pd.DataFrame, at):
    flags = np.append(found["extrapolated"].to_numpy(), True)
    return flags[np.searchsorted(found["interactivity"].to_numpy(), at)]


def _drawn(systems, column, at, acceptance, random, draws, model_error):
    """Return (2, draws, n) throughput of both systems under drawn constants and errors."""
    families = [transformer(system.model).family for system in systems]
    pools = [calibration.samples(family) for family in families]
    number = min(map(len, pools))
    picks = np.arange(draws) % number
    values = np.empty((2, draws, len(at)))
    for side, system in enumerate(systems):
        fronts = [
            front(system, constants=one, acceptance=acceptance)
            for one in pools[side][: min(draws, number)]
        ]
        errors = np.zeros((1, 2))
        if model_error:
            errors = calibration.residuals(families[side], system.hardware, system.precision)
        chosen = np.exp(-errors[random.integers(len(errors), size=draws)])
        for draw in range(draws):
            values[side, draw] = _at(fronts[picks[draw]], column, at, chosen[draw])
    return values


def _quantile(ratios, share):
    """Return quantiles over draws; a ratio of nothing over nothing counts for neither side."""
    with np.errstate(invalid="ignore"):
        ordered = np.sort(ratios, axis=0)  # NaN last
    known = np.isfinite(ordered) | np.isinf(ordered)
    size = known.sum(axis=0)
    place = np.clip(np.round(share * (size - 1)), 0, None).astype(int)
    value = np.take_along_axis(ordered, place[None, :], axis=0)[0]
    return np.where(size > 0, value, np.nan)
