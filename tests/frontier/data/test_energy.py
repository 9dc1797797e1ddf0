import pytest

from frontier import claims
from frontier.claims import Basis
from frontier.data import energy, measurements, tables
from frontier.errors import UsageError


@pytest.fixture(scope="module")
def known():
    return energy.load()


@pytest.fixture(scope="module")
def refused():
    return energy.refused()


def test_watts_above_the_limit_of_the_chip_are_refused(known, refused):
    assert (known["watts_per_gpu"] <= known["limit_w"]).all()
    above = refused[refused["reason"].str.contains("power limit")]
    assert above.groupby("hardware").size().to_dict() == {"b200": 2, "h200": 3, "mi325x": 19}
    assert (above["watts_per_gpu"] > above["limit_w"]).all()
    assert not set(above["row_id"]) & set(known["row_id"])


def test_joules_of_decode_gpus_alone_are_refused_though_the_row_stays(refused):
    role = refused[refused["reason"].str.contains("decode GPUs")]
    assert len(role) == 50
    rows = measurements.load_measurements()
    rows = rows[rows["row_id"].isin(role["row_id"])]
    assert len(rows) == 50
    assert rows["joules_per_output_token"].isna().all()


def test_the_joules_of_a_deployment_are_those_of_all_its_gpus(known):
    raw = tables.read("powerx_deepseek_v4").query("disaggregated").set_index("row_id")
    whole = known.set_index("row_id").loc[raw.index]
    roles = ("prefill", "decode")
    watts = sum(raw[f"{role}_avg_power_w"] * raw[f"{role}_gpus"] for role in roles)
    rate = whole["output_throughput_per_gpu"] * raw["gpus"]
    assert len(raw) == 14
    assert (watts / rate / whole["joules_per_output_token"] - 1).abs().max() < 1e-5


def test_agentic_rows_are_kept_apart_from_rows_of_fixed_lengths(known, refused):
    agentic = refused[refused["traffic"] == "agentic traces"]
    assert len(agentic) == 17
    assert set(agentic["hardware"]) == {"gb200", "gb300", "h200"}
    assert not known["traffic"].str.contains("agentic").any()
    assert not {"gb200", "gb300"} & set(known["hardware"])


def test_the_suspect_run_is_refused_with_its_reason(refused):
    row = refused[refused["row_id"] == "440897"]
    assert row["reason"].str.contains("suspect").tolist() == [True]


def test_powerx_counts_the_output_of_all_gpus_and_its_joules_give_back_its_watts(known):
    rows = known[known["source"] == "powerx_deepseek_v4"].set_index("row_id")
    raw = tables.read("powerx_deepseek_v4").set_index("row_id")
    per_decode = raw["output_per_decode_gpu"]
    apart = raw["disaggregated"]
    assert (rows["output_throughput_per_gpu"] < 0.9 * per_decode)[apart].all()
    implied = rows["output_throughput_per_gpu"] / per_decode * raw["gpus"] / raw["decode_gpus"]
    assert (implied - 1).abs().max() < 1e-4


def test_gpus_are_those_that_the_row_states_and_no_product_of_sizes():
    raw = tables.read("powerx_deepseek_v4")
    product = raw["tp"] * raw["ep"]
    assert (product != raw["decode_gpus"]).any()
    whole = energy.load().query("source == 'powerx_deepseek_v4'").set_index("row_id")["gpus"]
    assert (whole[raw["row_id"]].to_numpy() == raw["gpus"]).all()


def test_no_speed_is_made_up_where_none_was_published(known):
    p90 = known[known["source"] == "power_p90_qwen35"]
    assert p90["interactivity"].isna().sum() == len(p90) - 1


def test_nothing_but_measured_rows_is_in_a_ratio_per_joule(known):
    rows = measurements.load_measurements()
    with pytest.raises(UsageError, match="gb300"):
        claims.ratio(
            rows[rows["joules_per_output_token"].notna()],
            {"model": "deepseek-r1", "hardware": "gb300"},
            {"model": "deepseek-r1", "hardware": "b200"},
            traffic="8192/1024",
            basis=Basis(per="J"),
        )


def test_of_gpt_oss_the_gain_per_joule_is_less_than_per_provisioned_megawatt():
    rows = measurements.load_measurements()
    rows = rows[rows["joules_per_output_token"].notna()]
    sides = [{"model": "gpt-oss-120b", "hardware": key} for key in ("b200", "h200")]

    def mean(**basis):
        return claims.ratio(rows, *sides, traffic="8192/1024", basis=Basis(**basis)).value()

    assert mean(per="J") == pytest.approx(2.46, abs=0.01)
    assert mean(per="J") < 0.9 * mean(per="MW", edition="2026-07")


def test_a_chart_by_speed_of_the_leaderboard_gives_its_ratio_at_50(known):
    rows = known[(known["source"] == "mlenergy") & (known["model"] == "gpt-oss-120b")]
    fast = rows[rows["interactivity"] >= 50]
    best = (1 / fast["joules_per_output_token"]).groupby(fast["hardware"]).max()
    assert best["b200"] / best["h100"] == pytest.approx(2.0, abs=0.5)
