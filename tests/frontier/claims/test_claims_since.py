"""Claims made since the article: what their traps would have them say, and what they say."""

import pytest

from frontier import claims
from frontier.data import measurements, tables

SINCE = [one for one in claims.ledger() if one.report[:2] in ("09", "10", "11")]


@pytest.fixture(scope="module")
def decided():
    rows = claims.prepared(measurements.load_measurements())
    return {one.id: claims.decide(one, rows) for one in SINCE}


def test_every_claim_names_a_source_with_an_address_and_a_day():
    assert len(SINCE) >= 18
    for one in SINCE:
        assert all(source["url"].startswith("http") for source in one.sources), one.id


def test_every_answer_can_be_filled_now_and_then(decided):
    for name, verdict in decided.items():
        for state in (verdict.now, verdict.then):
            assert "{" not in state.answer, name
            assert " none" not in state.answer, name


def test_110_times_is_not_taken_between_two_speeds(decided):
    found = decided["mi355x-110x-26-days"]
    assert found.now.verdict == "not-reproduced"
    first_day, first_fp4 = found.now.findings
    assert first_day.comparison.untested == "the two share no speed"
    assert 9 < first_fp4.value < 15  # the post's own figure at equal speed is 12 to 14
    rows = measurements.load_measurements()
    post = rows[rows["source"] == "post_mi355x_deepseek_v4"]
    few, many = post[post["concurrency"] == 8], post[post["concurrency"] == 256]
    peak = many["throughput_per_gpu"].max() / few["throughput_per_gpu"].min()
    assert peak == pytest.approx(110.5, abs=0.2)


def test_software_of_gb300_is_taken_with_submitter_and_scale_held(decided):
    found = decided["gb300-277-percent-software"]
    assert found.now.verdict == "not-testable"
    assert [round(one.value, 2) for one in found.now.limits] == [1.91, 1.54]


def test_nothing_public_decides_rubin_and_what_is_told_is_a_preview_per_gpu(decided):
    for name in (
        "rubin-10x-mw",
        "rubin-coreweave-10x-mw",
        "rubin-540-percent-300",
        "rubin-10x-token",
    ):
        found = decided[name]
        assert found.now.verdict == "not-testable", name
        assert found.claim.test.basis.per == "GPU", name
        assert len(found.now.limits) == 4, name
        assert all("preview" in one.comparison.above for one in found.now.limits), name
        assert not found.then.limits, name  # v6.1 was later


def test_a_claim_that_is_reached_at_a_limit_alone_says_so(decided):
    found = decided["mi355x-mi325x-3x"]
    assert (found.now.label, found.now.of) == ("Reached at one latency limit", 0)
    assert found.now.limits[0].value == pytest.approx(3.13, abs=0.005)


def test_the_ratio_of_tpu_v7_is_that_of_its_publisher_where_rates_are_stated():
    stated = tables.read("stated_points_2026").query("y_unit == 'total tok/s/chip'")
    rate = dict(zip(stated["series"].str.split().str[0], stated["y"], strict=True))
    price = tables.read("prices").query("edition == '2026-09' and basis == 'hyperscaler'")
    price = price.set_index("hardware")["usd_per_gpu_hour"]
    over_b200 = rate["TPUv7"] / price["tpuv7"] / (rate["B200"] / price["b200"])
    assert over_b200 == pytest.approx(1.504, abs=0.002)


def test_energy_beside_a_claim_never_decides_it(decided):
    found = decided["gb300-50x-mw"]
    units = {one.comparison.top.basis.per for one in found.now.findings}
    assert units == {"MW"}
    assert {one.comparison.top.basis.per for one in found.now.beside} == {"J"}
