"""What is compared: known answers of ratios, levels, splits, limits, filings, and their noise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier import claims, curves, measurements
from frontier.claims import entries, kinds, sides
from frontier.claims.attribution import Cell
from frontier.claims.kinds import Cells, Factor, Split, gains_since
from frontier.claims.sides import Basis, prepared
from frontier.data import hardware
from frontier.errors import UsageError
from measured import SHAPE, X, Y, claim_of, pair, sweep, together


def ready(frame):
    return prepared(frame, sigma=0.02)


def ratio(rows, **test):
    return claims.comparisons(claim_of(3, test=test or None), ready(rows))[0]


def test_a_ratio_that_is_the_same_everywhere_is_known_on_both_curves():
    compared = ratio(pair(3))
    assert [compared.value(how) for how in kinds.HOWS] == pytest.approx([3, 3])
    assert compared.line.step == pytest.approx(np.full(len(compared.line.x), 3))


@settings(max_examples=20)
@given(st.floats(0.01, 100), st.floats(0.2, 20))
def test_scaling_both_sides_changes_nothing(scale, factor):
    small = ratio(pair(factor, y=Y * 100))
    scaled = ratio(pair(factor, y=Y * 100 * max(scale, 0.05)))
    assert scaled.value() == pytest.approx(small.value())
    assert scaled.range == pytest.approx(small.range)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (sweep(hardware="h200"), "no public rows of GB200"),
        (sweep(hardware="gb200"), "no public rows of H200"),
        (together(sweep(X * 100, hardware="gb200"), sweep()), "share no speed"),
        (together(sweep(X[:3], Y[:3], hardware="gb200"), sweep(X[2:], Y[2:])), "floor|thin"),
        (together(sweep(X[:2], Y[:2], hardware="gb200"), sweep()), "too thin"),
    ],
)
def test_what_cannot_be_compared_says_why(rows, told):
    assert pd.Series([ratio(rows).untested]).str.contains(told).all()


@pytest.mark.parametrize(("peak", "floor"), [(10_000, 100), (500, 50), (100_000, 100)])
def test_the_floor_is_the_lower_of_a_hundred_and_a_tenth_of_the_peak(peak, floor):
    compared = ratio(pair(3, y=peak * X[0] / X))
    assert compared.bottom.floor == pytest.approx(floor)
    last = compared.bottom.frontier.interactivity[compared.bottom.frontier.throughput >= floor][-1]
    assert compared.range == (X[0], last)


@pytest.mark.parametrize("per", ["GPU", "MW", "$"])
def test_the_floor_is_in_total_tokens_per_gpu_whatever_is_compared(per):
    rows = pair(3)
    plain, output = (
        ratio(rows, per=per, metric=metric)
        for metric in ("throughput_per_gpu", "output_throughput_per_gpu")
    )
    assert plain.range == output.range
    factor = Basis(per=per).factor("gb200") / Basis(per=per).factor("h200")
    assert plain.value() == pytest.approx(3 * factor)


def test_per_joule_is_of_measured_joules_only():
    rows = pair(3)
    assert claims.comparisons(claim_of(3, test={"per": "J"}), rows)[0].untested
    joules = rows.assign(joules_per_output_token=np.where(rows["hardware"] == "gb200", 1.0, 4.0))
    compared = claims.comparisons(claim_of(3, test={"per": "J"}), joules)[0]
    assert compared.value() == pytest.approx(4)


def test_an_edition_that_lacks_an_accelerator_says_so():
    with pytest.raises(UsageError, match="no prices for hardware 'mi300x'"):
        prepared(sweep(hardware="mi300x")).side({"hardware": "mi300x"}, Basis(per="$"))


def test_a_row_has_the_same_noise_on_every_side_that_it_is_on():
    rows = ready(pair(1.5))
    both = rows.side({"shape": SHAPE}, Basis())
    one = rows.side({"shape": SHAPE, "hardware": "h200"}, Basis())
    common = np.isin(both.positions, one.positions)
    assert both.draws[0].shape[0] == one.draws[0].shape[0] == 2000
    noise = [rows.noise(position) for position in both.positions[common]]
    assert np.array_equal(np.stack(noise), np.stack([rows.noise(p) for p in one.positions]))
    # So a side over itself is one in every draw.
    same = claims.ratio(rows, {"hardware": ["h200", "gb200"]}, {"hardware": "gb200"}, traffic=SHAPE)
    assert same.draws() == pytest.approx(np.ones(2000), abs=2e-3)  # but where a curve ends


def test_sides_with_the_same_points_are_one_whatever_selects_them():
    rows = ready(pair(3, below={"tp": 4}))
    one = rows.side({"hardware": "h200"}, Basis())
    assert rows.side([{"hardware": ["h200"], "tp": 4}, {"tp": [4]}], Basis()) is one
    assert one.kept(np.ones(len(one), bool)) is one
    assert one.on(Basis(per="MW")) is not one is one.on(Basis(per="MW")).on(Basis())
    assert one.changed(factor=0.5).frontier.high == one.frontier.high / 2
    assert one.changed(value=one.value * 2) is not one


def test_draws_are_of_all_points_and_the_same_when_they_are_not_kept(monkeypatch):
    chance = np.random.default_rng(1)
    x, y = 10 ** chance.uniform(1, 2, 200), 10 ** chance.uniform(2, 3, 200)
    rows = prepared(sweep(x, y).assign(row_id=[f"row {i}" for i in range(200)]), sigma=0.05)
    side = rows.side({}, Basis())
    noise = 0.05 * np.stack([rows.noise(place) for place in range(200)], axis=1)
    slow = curves.Steps.of(np.log(x) + noise, np.log(y) + noise)
    kept = side.draws
    assert all(np.allclose(*both, rtol=1e-12) for both in zip(kept, slow, strict=True))
    assert side.draws is kept
    monkeypatch.setattr(sides, "KEPT_BYTES", 0)
    again = side.draws
    assert all(np.array_equal(*both) for both in zip(again, kept, strict=True))
    assert side.draws is not again


def test_noise_does_not_depend_on_the_order_of_the_rows():
    rows = pair(3)
    turned = rows.iloc[::-1].reset_index(drop=True)
    assert ratio(rows).draws() == pytest.approx(ratio(turned).draws())


def test_the_noise_of_each_row_is_that_of_its_accelerators_family():
    day = pd.date_range("2026-01-01", periods=2)
    noisy = {"h200": 0.002, "mi355x": 0.2}
    frames = [
        sweep(X, Y * (1 + step * i), hardware=key, date=str(day[i].date())).assign(
            concurrency=np.arange(len(X)) + 1
        )
        for key, step in noisy.items()
        for i in range(2)
    ]
    rows = prepared(together(*frames, sweep(hardware="gb200")))
    of = {key: rows.sigma[np.flatnonzero(rows.frame["hardware"] == key)[0]] for key in noisy}
    assert of["mi355x"] > 10 * of["h200"]
    assert rows.sigma[-1] == of["h200"]  # GB200 is of the family that H200 is of


def test_changed_rows_are_prepared_anew_and_the_same_ones_are_not():
    rows = pair(3)
    first = prepared(rows)
    assert prepared(rows.copy()) is first
    rows.loc[:, "throughput_per_gpu"] = rows["throughput_per_gpu"] * 2
    assert prepared(rows) is not first
    # Columns of this type are copied when they are looked at, to where another one was.
    few, more = (pair(3).astype({"concurrency": "Int64"}) for _ in range(2))
    more["concurrency"] += 1
    assert prepared(few) is not prepared(more)
    with pytest.raises(UsageError, match="not a list"):
        prepared([1])


def test_rows_without_a_date_but_with_an_interval_are_known_by_its_end():
    rows = pair(3).assign(date=pd.NaT, date_from=pd.Timestamp("2025-10-01"))
    rows["date_to"] = pd.Timestamp("2025-10-09")
    dated = prepared(rows)
    assert len(dated.side({}, Basis(), known_by="2025-10-09")) == len(rows)
    assert len(dated.side({}, Basis(), known_by="2025-10-08")) == 0
    undated = prepared(rows.assign(date_to=pd.NaT))
    assert len(undated.side({}, Basis(), known_by="2030-01-01")) == 0


def test_ratios_at_speeds_name_the_rows_behind_them_or_say_why_there_is_none():
    compared = ratio(pair(3))
    told = claims.ratios(compared, at=[5, 50, 90, 500])
    assert told["value"].iloc[1] == pytest.approx(3)
    assert told["why"].iloc[0] == "not measured at so low a speed"
    assert told["why"].iloc[3] == "GB200 ends at 160"
    row = compared.bottom.frame.set_index("row_id").loc[told["rows_below"].iloc[1]]
    assert row["interactivity"] >= 50


# ---------------------------------------------------------------- splits

FACTORS = (
    Factor("silicon", "hardware", {"hardware": "b200"}),
    Factor("MTP", "software", {"speculative": True}),
)


def split_rows(silicon, mtp, both):
    kinds_of = [
        ("h200", False, 1),
        ("b200", False, silicon),
        ("h200", True, mtp),
        ("b200", True, both),
    ]
    return together(
        *(
            sweep(X, Y * factor, hardware=key, speculative=spec, tp=1 + i)
            for i, (key, spec, factor) in enumerate(kinds_of)
        )
    )


def split(rows, group=("MTP",), meaning="log", factors=FACTORS):
    system = {
        "name": "one",
        "start": {"hardware": "h200", "speculative": False, "model": "deepseek-r1"},
        "factors": [
            {
                "name": f.name,
                "kind": f.kind,
                **({"until": f.until} if f.until else {"set": f.change}),
            }
            for f in factors
        ],
    }
    found = entries.cells(ready(rows), system, SHAPE, Basis())
    return Split(above="x", below="", unit="share", cells=found, group=group, meaning=meaning)


def test_the_share_of_changes_that_do_not_interact_is_that_of_their_logs():
    one = split(split_rows(2, 4, 8))
    assert one.value() == pytest.approx(np.log(4) / np.log(8))
    assert [other.value() for other in one.orders().values()] == pytest.approx([one.value()] * 2)
    assert split(split_rows(2, 4, 8), meaning="factor").value() == pytest.approx(4)


def test_an_interaction_is_shared_and_the_orders_say_how_far_it_reaches():
    one = split(split_rows(2, 4, 16))
    assert one.value() == pytest.approx((np.log(4) + np.log(8)) / 2 / np.log(16))
    least, most = (other.value() for other in one.orders().values())
    assert (least, most) == pytest.approx((np.log(4) / np.log(16), np.log(8) / np.log(16)))


def test_a_missing_end_leaves_the_split_untested():
    rows = split_rows(2, 4, 8)
    rows = rows[~((rows["hardware"] == "b200") & rows["speculative"])]
    assert split(rows).untested == "no order of the changes was measured"


def test_the_parts_of_a_split_multiply_to_its_gain():
    told = claims.parts(split(split_rows(2, 4, 16)))
    assert told["part"].prod() == pytest.approx(16)
    assert (told["least"] <= told["part"]).all() and (told["part"] <= told["most"]).all()


def test_an_update_moves_a_cell_back_by_what_its_points_gained():
    old, new = sweep(date="2025-12-01"), sweep(X * 1.2, Y * 1.2, date="2026-02-01")
    new["concurrency"] = old["concurrency"]
    rows = together(old, new)
    updates = (Factor("updates", "software", until="2025-12-31"),)
    one = split(rows, ("updates",), "factor", updates)
    assert np.exp(gains_since(one.cells.measured[Cell()], "2025-12-31")) == pytest.approx(
        np.full(len(X), 1.2)
    )
    assert one.value() > 1.2  # on both axes, so more at equal speed
    assert len(gains_since(one.cells.measured[Cell()], "2026-03-01")) == 0


def test_cells_that_a_change_leaves_alone_are_taken_over_and_give_the_same():
    rows = split_rows(2, 4, 16)
    one = split(rows)
    for code in one.configurations:
        changed = one.mapped(("without", code))
        fresh = {
            cell: side.kept(side.configuration != code) for cell, side in one.cells.measured.items()
        }
        anew = Cells(one.cells.name, one.cells.factors, fresh)
        if changed.untested:
            assert anew.untested
            continue
        assert changed.cells.means("step") == pytest.approx(anew.means("step"))


# ---------------------------------------------------------------- levels, limits, filings, models


def test_a_level_is_the_largest_value_and_its_noise_reaches_both_ways():
    claim = claims.claim("gptoss-60k-tps-gpu")
    found = [
        one
        for one in claims.comparisons(claim, measurements.load_measurements())
        if not one.untested
    ]
    best = max(found, key=lambda one: one.value())
    low, high = np.quantile(best.draws(), [0.025, 0.975])
    assert low < best.value() < high
    assert best.best["throughput_per_gpu"] == best.value()


def test_results_at_a_limit_are_told_within_a_round_and_across_rounds():
    found = entries.build_limits(
        claims.claim("dense-gain-25x"), prepared(measurements.load_measurements())
    )
    told = {
        (one.above, one.attributes["traffic"], one.attributes["rounds"]): one.value()
        for one in found
    }
    key = ("GB200 NVL72", "MLPerf interactive", "v5.1")
    assert told[key] == pytest.approx(4.48, abs=5e-3)
    across = [one for one in found if one.attributes["across"] and "interactive" in one.label]
    assert sorted(one.value() for one in across) == pytest.approx([6.32, 8.29], abs=5e-3)
    assert all(one.tier == "limit" for one in found)


def test_a_filing_is_a_part_over_the_whole_as_far_as_its_rounding_goes():
    found = claims.comparisons(claims.claim("staff-80-software"), measurements.load_measurements())
    assert found[0].value() == pytest.approx(31 / 42)
    low, high = found[0].bounds()
    assert low == pytest.approx(30.5 / 42.5) and high == pytest.approx(31.5 / 41.5)
    with pytest.raises(UsageError, match="no filing states 'robots'"):
        kinds.statement({"name": "x", "quantity": "staff", "part": "robots", "fiscal_year": 2025})


def test_a_modelled_system_over_itself_is_one_and_per_megawatt_is_the_ratio_of_power():
    system = kinds.system({"model": "llama-70b", "hardware": "h200", "precision": "fp8"}, SHAPE)
    other = kinds.system({"model": "llama-70b", "hardware": "b200", "precision": "fp8"}, SHAPE)
    made = {"above": "A", "below": "B", "unit": "x", "top": system, "bottom": system}
    assert kinds.Modelled(basis=Basis(), **made).value() == pytest.approx(1)
    per_gpu, per_mw = (
        kinds.Modelled(**{**made, "top": other}, basis=Basis(per=per)).value()
        for per in ("GPU", "MW")
    )
    power = hardware.power_kw("h200", "2025") / hardware.power_kw("b200", "2025")
    assert per_mw == pytest.approx(per_gpu * power)
    with pytest.raises(UsageError, match="is no system"):
        kinds.system({"model": "llama-70b", "hardwear": "h200"}, SHAPE)


def test_no_function_changes_the_rows():
    rows = pair(3)
    before = rows.copy()
    claims.decide(claim_of(3), rows, sigma=0.02).row()
    pd.testing.assert_frame_equal(rows, before)


def test_a_readers_own_ratio_lists_what_there_is_where_a_side_has_no_rows():
    with pytest.raises(UsageError, match="there are gb200, h200"):
        claims.ratio(pair(3), {"hardware": "tpu"}, {"hardware": "h200"}, traffic=SHAPE)
    assert claims.ratio(
        pair(3), {"hardware": "gb200"}, {"hardware": "h200"}, traffic=SHAPE
    ).value() == (pytest.approx(curves.geometric_mean(*ratio(pair(3)).fronts)))
