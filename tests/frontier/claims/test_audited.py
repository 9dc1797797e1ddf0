"""The numbers of an independent audit, recomputed on the rows that it had."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from frontier import claims, curves
from frontier.claims import deciding
from frontier.claims.kinds import Split
from frontier.claims.sides import Basis, prepared
from frontier.data import measurements, tables

R1 = {"model": "deepseek-r1"}
LLAMA = {"model": "llama-70b"}


@pytest.fixture(scope="module")
def rows():
    path = Path(__file__).parent / "audited_rows.csv.gz"
    frame = pd.read_csv(path, keep_default_na=False, na_values={"date": "", "ttft": "", "tpot": ""})
    frame["date"] = pd.to_datetime(frame["date"])
    kinds = {name: tables.DTYPES[kind] for name, (kind, _, _) in measurements.COLUMNS.items()}
    # The tables had no energy and no intervals of days then.
    missing = {name: pd.NaT if "date" in name else np.nan for name in kinds if name not in frame}
    return prepared(frame.assign(**missing).astype(kinds))


def ratio(rows, above, below, traffic, **basis):
    return claims.ratio(rows, above, below, traffic=traffic, basis=Basis(**basis))


@pytest.mark.parametrize(
    ("above", "below", "traffic", "basis", "audited"),
    [
        (
            {**LLAMA, "hardware": "b200", "precision": "fp4"},
            {**LLAMA, "hardware": "h200", "precision": "fp8"},
            "8192/1024",
            {"per": "MW"},
            2.048,
        ),
        (
            {**LLAMA, "hardware": "h200", "precision": "fp8"},
            {
                **R1,
                "hardware": "h200",
                "precision": "fp8",
                "single_node": True,
                "speculative": False,
            },
            "1024/8192",
            {"metric": "output_throughput_per_gpu"},
            10.51,
        ),
        (
            {**R1, "hardware": "gb200"},
            {**R1, "hardware": "h200", "single_node": True, "speculative": False},
            "1024/8192",
            {"per": "MW"},
            39.54,
        ),
        (
            {
                **R1,
                "hardware": "b200",
                "precision": "fp8",
                "framework": "trt",
                "speculative": False,
            },
            {
                **R1,
                "hardware": "h200",
                "precision": "fp8",
                "framework": "trt",
                "speculative": False,
            },
            "8192/1024",
            {},
            2.4833,
        ),
        (
            {**R1, "hardware": "gb200", "precision": "fp4", "speculative": True},
            {**R1, "hardware": "gb200", "precision": "fp4", "speculative": False},
            "8192/1024",
            {},
            2.0339,
        ),
        (
            {**R1, "hardware": "gb200", "precision": "fp4", "speculative": True},
            {**R1, "hardware": "b200", "precision": "fp4", "speculative": True},
            "8192/1024",
            {},
            1.3963,
        ),
    ],
)
def test_a_mean_over_the_whole_shared_range_is_the_audited_one(
    rows, above, below, traffic, basis, audited
):
    compared = ratio(rows, above, below, traffic, **basis)
    assert curves.geometric_mean(*compared.fronts) == pytest.approx(audited, rel=5e-4)
    # The rule's own number is over the part above the floor, which is the whole of it here or less.
    low, high = curves.shared_range(*compared.fronts)
    assert compared.range[0] == low
    assert compared.range[1] <= high


def test_the_level_of_sixty_thousand_is_the_audited_one(rows):
    claim = claims.claim("gptoss-60k-tps-gpu")
    best = [one for one in claims.comparisons(claim, rows) if not one.untested]
    assert max(one.value() for one in best) == pytest.approx(63535.9)


def test_the_largest_gain_within_weeks_is_the_audited_one_and_a_first_state(rows):
    claim = claims.claim("weeks-not-years")
    settled = [one for one in claims.comparisons(claim, rows) if not one.untested]
    repaired = claims.comparisons(claim, rows, beside=True)
    assert max(one.value() for one in repaired if not one.untested) == pytest.approx(
        4.7607, rel=1e-4
    )
    assert max(one.value() for one in settled) < 1.15


def test_the_software_share_and_its_orders_are_the_audited_ones(rows):
    claim = claims.claim("software-over-hardware")
    first = next(one for one in claims.comparisons(claim, rows) if not one.untested)
    assert isinstance(first, Split)
    assert first.value() == pytest.approx(0.330, abs=5e-4)
    ends = [one.value() for one in first.orders().values()]
    assert ends == pytest.approx([0.107, 0.564], abs=5e-4)


def test_parallelism_as_a_union_never_costs_and_forced_it_does(rows):
    claim = claims.claim("parallelism")
    first = next(one for one in claims.comparisons(claim, rows) if not one.untested)
    assert first.value() == pytest.approx(1.11, abs=5e-3)
    forced = next(
        one for one in claims.comparisons(claim, rows, beside=True) if one.key == first.key
    )
    assert curves.geometric_mean(*forced.fronts) == pytest.approx(0.666, abs=5e-4)


# ---------------------------------------------------------------- a slow twin of the variations


def slow_frontier(frame):
    return curves.Frontier(
        frame["interactivity"],
        frame["value"],
        configurations=pd.util.hash_pandas_object(
            frame[measurements.CONFIGURATION], index=False
        ).to_numpy(),
    )


def test_every_configuration_left_out_gives_what_frames_rebuilt_from_rows_give(rows):
    claim = claims.claim("blackwell-advantage-40x")
    state = deciding.state(claim, rows)
    pairs = [[side.frame for side in one.comparison.sides.values()] for one in state.tested]
    code = rows.configuration
    names = deciding._configurations(rows, set(code))
    left_out = state.variations[state.variations["variation"].str.startswith("without ")]
    assert len(left_out) > 20
    by_name = {name: key for key, name in names.items()}
    for row in left_out.itertuples():
        unwanted = by_name[row.variation.removeprefix("without ")]
        base, varied = [], []
        for one, (above, below) in zip(state.tested, pairs, strict=True):
            fronts = [
                slow_frontier(frame[code[frame.index] != unwanted]) for frame in (above, below)
            ]
            floor = min(100 * 1000 / 1.73, 0.1 * fronts[1].throughput.max())
            limits = curves.shared_range(*fronts, floor=floor)
            if limits is None or limits[0] == limits[1]:
                continue
            counts = [
                np.searchsorted(front.interactivity, limits[1])
                - np.searchsorted(front.interactivity, limits[0])
                + 1
                for front in fronts
            ]
            whole = one.comparison.points
            if min(counts) < 3 or any(n < w / 2 for n, w in zip(counts, whole, strict=True)):
                continue
            base.append(one.value)
            low, high = limits
            varied.append(curves.geometric_mean(*fronts, low=low, high=high))
        if not varied:
            assert np.isnan(row.factor)
            continue
        assert row.of == len(varied)
        assert row.factor == pytest.approx(np.median(varied) / np.median(base), rel=1e-6)


def test_the_draws_of_a_side_are_those_of_all_its_points(rows):
    side = rows.side({**R1, "hardware": "gb200", "shape": "8192/1024"}, Basis(per="MW"))
    assert side.draws.x.shape[1] < len(side)
    noise = np.stack([rows.noise(p) for p in side.positions], axis=1)
    moved = np.exp(noise * rows.sigma[side.positions])
    at = np.geomspace(side.frontier.low / 2, side.frontier.high * 1.1, 12)
    slow = np.array([curves.Frontier(side.x * one, side.value * one).at(at) for one in moved])
    assert np.isnan(slow[:, -1]).any()
    np.testing.assert_allclose(np.exp(side.draws.at(np.log([at]))), slow, rtol=1e-9)


def test_the_gain_of_an_update_is_that_of_the_frames_of_its_rows(rows):
    from frontier.claims.kinds import gains_since

    side = rows.side({**R1, "hardware": "h200", "shape": "8192/1024", "precision": "fp8"}, Basis())
    frame = side.frame.assign(configuration=side.configuration)
    frame, keys = frame[frame["date"].notna()], ["configuration", "concurrency"]
    best = frame.groupby([frame["date"] <= "2025-12-31", *keys])["interactivity"].max().unstack(0)
    slow = np.log(best[False] / best[True]).dropna().to_numpy()
    assert len(slow) > 0
    assert np.sort(gains_since(side, "2025-12-31")) == pytest.approx(np.sort(slow))
