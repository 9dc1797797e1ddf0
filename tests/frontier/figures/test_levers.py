import io
import re

import numpy as np
import pandas as pd
import pytest

from frontier import claims
from frontier.claims import comparisons, modelled
from frontier.claims.comparisons import Basis
from frontier.data import measurements, tables
from frontier.errors import DataError, UsageError
from frontier.figures import levers
from measured import SHAPE, X, Y, pair, sweep, together

SIDES = {
    "name": "GB200 over H200",
    "numerator": {"hardware": "gb200"},
    "denominator": {"hardware": "h200"},
}


def made(factor, *, floor=None, x=X, y=Y, **more):
    basis = Basis(floor=floor)
    return comparisons.one(basis, pair(factor, x=x, y=y, **more), SIDES, SHAPE)


@pytest.fixture(scope="module")
def rows():
    return measurements.load_measurements()


@pytest.fixture(scope="module")
def pairs(rows):
    return levers.measured(rows)


def test_a_lever_that_there_is_not_lists_those_that_there_are(rows):
    with pytest.raises(UsageError, match="no lever 'magic': there are multi-token prediction,"):
        levers.measured(rows, names=["magic"])


def test_a_pair_that_shares_nothing_in_a_bin_is_worth_nothing_there():
    one = made(3.0)
    assert np.isnan(levers.worth(one, X[-1] * 2, X[-1] * 3))
    assert np.isnan(levers.worth(one, 1, 2))


def test_a_pair_counts_in_a_bin_only_where_it_covers_half_of_it():
    one = made(3.0)  # shared from 10 to 160
    assert levers.worth(one, 5, 20.1, least=0.5) == pytest.approx(3)
    assert np.isnan(levers.worth(one, 5, 19.9, least=0.5))


def test_below_the_floor_a_pair_is_worth_nothing():
    one = made(3.0, floor=Y[4])
    assert levers.worth(one) == pytest.approx(3)
    assert np.isnan(levers.worth(one, X[5], X[7]))


def test_the_parts_of_a_pair_are_the_thirds_of_its_log_range():
    x = 10 * 2.0 ** np.arange(7)  # thirds end at 40 and 160
    factor = np.array([2.0, 2, 2, 3, 3, 5, 5])
    one = made(factor, x=x, y=1e5 / x)
    assert levers.parts(one) == pytest.approx(
        {"throughput end": 2, "mid-curve": 3, "latency end": 5}
    )


def test_bins_hold_the_median_of_their_pairs_and_how_many_they_are():
    found = levers.binned({"one": [made(2.0), made(3.0), made(10.0)]}, edges=(20, 40, 80, 500))
    assert found["gain"].tolist() == pytest.approx([3, 3])
    assert found["pairs"].tolist() == [3, 3]  # of the last bin less than half is covered
    assert (found["least"].tolist(), found["most"].tolist()) == (
        pytest.approx([2, 2]),
        pytest.approx([10, 10]),
    )


def test_a_modelled_pair_is_measured_with_the_same_rule_and_its_power():
    names = ("model", "hardware", "precision")
    new, old = (
        dict(zip(names, key, strict=True))
        for key in (("llama-70b", "b200", "fp4"), ("llama-70b", "h200", "fp8"))
    )
    named = {"name": "B200 over H200", "numerator": new, "denominator": old}
    per_gpu, per_mw = (modelled.one(Basis(per=per), named, "1024/1024") for per in ("GPU", "MW"))
    ratio = levers.worth(per_mw, 30, 60) / levers.worth(per_gpu, 30, 60)
    assert ratio == pytest.approx(per_mw.factor) != 1


def test_the_levers_of_the_ledger_compare_the_same_model_with_something_changed(pairs):
    assert set(pairs) == set(claims.levers())
    for members in pairs.values():
        assert members
        for one in members:
            sides = [set(frame["model"]) for frame in one.sides.values()]
            assert sides[0] == sides[1] == {"deepseek-r1"}
            assert set(one.numerator_rows.index).isdisjoint(one.denominator_rows.index)


def test_a_mechanism_that_a_claim_names_is_the_claims_own_test():
    named = claims.levers()
    for claim, lever in (
        ("mtp", "multi-token prediction"),
        ("nvswitch", "NVLink domain of 72 for 8"),
        ("parallelism", "attention DP and expert parallelism"),
    ):
        assert named[lever] == claims.claim(claim).test


def test_credits_name_levers_and_parts_that_there_are():
    for credit in claims.credits():
        assert credit["lever"] in claims.levers()
        assert credit["part"] in levers.PARTS
        assert credit["factor"] > 0


def test_a_credit_that_lacks_something_is_one_line(tmp_path, monkeypatch):
    text = (claims.paths.data() / "claims.yaml").read_text()
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    changed = text.replace(", factor: 5, system", ", system")
    assert changed != text
    (tmp_path / "data" / "claims.yaml").write_text(changed)
    with pytest.raises(DataError, match=r"credits: .* needs factor, gain, lever, part, system"):
        claims.credits()


def caption(exhibit):
    return re.sub(r"<[^>]+>", "", re.search(r"<figcaption><p>(.*?)</p>", exhibit.html, re.S)[1])


def data(exhibit, name):
    return pd.read_csv(io.StringIO(exhibit.files[f"data/{name}.csv"]))


def test_the_map_has_measured_and_modelled_cells_in_rows_of_their_own(pairs):
    answers = levers.modelled_pairs(["multi-token prediction"])
    few = {"multi-token prediction": pairs["multi-token prediction"]}
    exhibit = levers.lever_map(few, answers, name="06-map", edges=[30, 50, 75])
    table = data(exhibit, "06-map")
    assert set(table["tier"]) == {"measured", "modelled"}
    assert "measured: multi-token prediction" in exhibit.html
    assert "modelled: multi-token prediction" in exhibit.html
    best = table[table["tier"] == "measured"]["gain"].max()
    assert f"to {levers.number(best)}x" in caption(exhibit)


def test_the_published_acceptance_and_speed_are_shown_as_stated():
    exhibit = levers.acceptance(name="06-acceptance")
    table = data(exhibit, "06-acceptance")
    assert set(table["kind"]) == {"stated"}
    layers = table.dropna(subset="draft")
    best = layers.loc[layers["speed"].idxmax()]
    assert f"fastest with {levers.number(best['draft'])} drafted tokens" in caption(exhibit)
    assert layers["speed"].iloc[0] == 1


def test_the_reach_of_a_draft_is_arithmetic_on_a_measured_and_a_stated_number(rows):
    table = data(levers.reach(rows, target=1000.0, name="06-reach"), "06-reach")
    points = tables.read("published_points")
    points = points[points["claim"] == "mtp"]
    eagle = points.loc[points["series"].str.contains("Eagle3"), "y"]
    first = table.iloc[0]
    measured_ = rows[(rows["model"] == "gpt-oss-120b") & (rows["hardware"] == "b200")]
    assert first["without a draft, tok/s/user"] == pytest.approx(
        measured_["interactivity"].max(), rel=1e-5
    )
    assert first["with the mean"] == pytest.approx(
        measured_["interactivity"].max() * eagle.mean(), rel=1e-5
    )
    assert first["acceptance for 1,000"] == pytest.approx(
        1000 / measured_["interactivity"].max(), rel=1e-5
    )


def varied():
    """A pair worth 2 on the lowest third of its range, 3 on the middle one and 5 on the highest."""
    x = 10 * 2.0 ** np.arange(7)
    return made(np.array([2.0, 2, 2, 3, 3, 5, 5]), x=x, y=1e5 / x)


def test_a_credit_is_looked_at_on_its_part_of_the_curve_or_where_it_says():
    every = {name: [varied()] for name in claims.levers()}
    table = data(levers.credited(every, [], name="06-credited"), "06-credited")
    by_part = table.set_index("looked at")["was, DeepSeek-R1"].to_dict()
    assert by_part == {
        "mid-curve, 40 to 160 tok/s/user": "3x (3 to 3)",
        "latency end, 160 to 640 tok/s/user": "5x (5 to 5)",
        "throughput end, 10 to 40 tok/s/user": "2x (2 to 2)",
        "at 150 tok/s/user": "3x (3 to 3)",
    }


def test_the_ends_give_the_median_over_pairs_and_how_many_are_above_one_in_all_thirds():
    low = made(0.5)
    exhibit = levers.ends({"one": [varied(), low]}, {}, name="06-ends")
    assert "1.25x (0.5 to 2)" in exhibit.html
    assert ">1 of 2<" in exhibit.html


@pytest.mark.parametrize("edges", [[], [30], [50, 30], [30, 30, 50]])
def test_bins_that_do_not_rise_are_refused(edges):
    with pytest.raises(UsageError, match="expected two or more that rise"):
        levers.binned({"one": [made(2.0)]}, edges=edges)


def test_bins_that_no_pair_covers_are_refused_in_one_line():
    with pytest.raises(UsageError, match="covers half of any bin: choose other edges"):
        levers.lever_map({"one": [made(2.0)]}, {}, edges=[500, 1000], name="06-map")


def test_no_pair_takes_what_a_source_does_not_say_for_no_expert_parallelism(rows):
    for one in levers.measured(rows)["attention DP and expert parallelism"]:
        assert (one.rows["ep"] > 0).all()


def test_credited_gains_are_counted_over_the_pairs_of_their_part_of_the_curve():
    ten = comparisons.one(
        Basis(), together(sweep(X, Y * 6, hardware="gb200"), sweep()), SIDES, SHAPE
    )
    every = {name: [ten] for name in claims.levers()}
    exhibit = levers.credited(every, [], name="06-credited")
    table = data(exhibit, "06-credited")
    assert set(table["pairs that reach it"]) == {"1 of 1"}
    assert set(table["was, gpt-oss-120b"]) == {"no pair"}
