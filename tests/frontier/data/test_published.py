import pandas as pd
import pytest

from frontier.data import hardware, published, tables
from frontier.errors import UsageError


def mlperf_405b():
    rates = published.mlperf("llama-3.1-405b").pivot_table(
        index=["round", "scenario"], columns="hardware", values="output_throughput_per_gpu"
    )
    return rates["gb200"].div(rates["h200"]["v5.1"], level="scenario")  # the newest of H200


# Published beside each other: one H200 node (Nebius and Quanta, v5.1) and GB200 NVL72 (NVIDIA).
def test_mlperf_405b_has_the_ratios_of_the_published_pairs():
    found = mlperf_405b()
    assert found["v5.1", "server"] == pytest.approx(4.37, abs=0.005)
    assert found["v5.1", "interactive"] == pytest.approx(5.44, abs=0.005)
    assert found["v6.0", "server"] == pytest.approx(196.3 / 36.94, abs=0.005)
    assert found["v6.0", "interactive"] == pytest.approx(7.68, abs=0.005)
    assert found["v6.0", "offline"] == pytest.approx(3.11, abs=0.005)


def test_the_best_offline_result_of_v5_1_is_of_four_gpus_and_not_of_the_rack():
    # NVIDIA's rack gives 205.2 tok/s/GPU, 2.97 times an H200 node; Nebius' four GPUs give more.
    rows = published.mlperf("llama-3.1-405b")
    best = rows[(rows["round"] == "v5.1") & (rows["scenario"] == "offline")]
    best = best.set_index("hardware")
    assert (best.loc["gb200", "submitter"], best.loc["gb200", "gpus"]) == ("Nebius", 4)
    assert mlperf_405b()["v5.1", "offline"] == pytest.approx(213.955 / 69.0936, rel=1e-4)
    assert mlperf_405b()["v5.1", "offline"] > 2.97


def test_mlperf_has_one_result_for_each_round_scenario_and_accelerator():
    for model in ("llama-2-70b", "llama-3.1-405b"):
        rows = published.mlperf(model)
        assert not rows.duplicated(["round", "scenario", "hardware"]).any()
        assert set(rows["hardware"]) <= {"h200", "b200", "gb200"}


def test_an_interactivity_stands_only_where_a_log_states_it():
    rows = published.mlperf("llama-3.1-405b").set_index(["round", "scenario", "hardware"])
    stated = rows["interactivity"]
    assert stated["v5.1", "server", "h200"] == pytest.approx(18.6, abs=0.05)
    assert stated["v5.1", "server", "gb200"] == pytest.approx(9.5, abs=0.05)
    assert stated["v5.1", "interactive", "h200"] == pytest.approx(23.4, abs=0.05)
    assert stated["v6.0", "interactive", "gb200"] == pytest.approx(17.0, abs=0.05)
    assert stated[:, "offline"].isna().all()


# ------------------------------------------------------------------ MLPerf v6.1 and its traps


def test_a_preview_is_never_among_available_systems_and_has_a_key_of_its_own():
    keys = ("vr200", "vr200-preview", "gb300")
    found = published.mlperf("deepseek-r1", accelerators=keys)
    assert set(found["hardware"]) == {"vr200-preview", "gb300"}
    assert found.loc[found["hardware"] == "vr200-preview", "round"].unique().tolist() == ["v6.1"]


def test_a_preview_has_no_all_in_power_to_be_paired_with():
    with pytest.raises(UsageError, match="no power for hardware 'vr200-preview'"):
        hardware.power_kw("vr200-preview", "2026-09")


def test_previews_stand_over_the_same_submitter_and_scale_per_gpu_and_per_watt_of_limit():
    found = published.preview("deepseek-r1", "gb300").set_index("scenario")
    assert found["submitter"].unique().tolist() == ["NVIDIA"]  # Nebius' 36 GPUs have no baseline
    per_gpu, per_watt = found["per_gpu"].round(2), found["per_watt"].round(2)
    assert per_gpu.to_dict() == {"offline": 1.74, "server": 1.97, "interactive": 2.57}
    assert per_watt.to_dict() == {"offline": 1.06, "server": 1.20, "interactive": 1.57}
    assert found.loc["server", "interactivity"] == pytest.approx(24.3, abs=0.05)
    assert (found["limit_w"] / found["limit_w_baseline"]).unique().tolist() == [2300 / 1400]
    with pytest.raises(UsageError, match=r"no deepseek-r1 in v6\.1"):
        published.preview("deepseek-r1", "h200")


def test_no_power_was_submitted_to_v6_1():
    assert tables.read("mlperf_v61")["power_w"].isna().all()


def test_platform_names_are_shared_so_limits_are_by_submitter_too():
    notes = tables.read("mlperf_v61_notes")
    submitters = notes.groupby("platform")["submitter"].nunique()
    assert submitters.max() > 1
    limits = published._limits()
    assert limits.index.is_unique
    assert limits.dropna().between(600, 2300).all()


def test_systems_that_mix_accelerators_open_and_research_results_are_left_out():
    rows = tables.read("mlperf_v61")
    assert rows["accelerator"].str.contains(r" \+ | and ").any()
    assert {"open"} < set(rows["division"])
    assert "rdi" in set(rows["availability"])
    kept = published._closed()
    assert not kept["accelerator"].str.contains(r" \+ | and ").any()
    assert set(kept["division"]) == {"closed"}
    assert set(kept["availability"]) == {"available", "preview"}


def test_replicas_raise_the_rate_of_the_system_and_not_that_of_a_gpu():
    rows = published._closed()
    nvidia = rows[(rows["round"] == "v6.1") & (rows["submitter"] == "NVIDIA")]
    nvidia = nvidia[(nvidia["model"] == "deepseek-r1") & (nvidia["scenario"] == "offline")]
    rate = nvidia[nvidia["hardware"] == "gb300"].set_index("gpus")
    assert rate.loc[288, "output_throughput"] > 3.9 * rate.loc[72, "output_throughput"]
    per_gpu = rate["output_throughput_per_gpu"]
    assert per_gpu[288] == pytest.approx(per_gpu[72], rel=0.01)


def test_the_277_percent_of_the_press_sets_a_node_against_a_rack():
    def server(key):
        found = published.mlperf("deepseek-r1", accelerators=(key,))
        found = found[found["scenario"] == "server"].set_index("round")
        return found["output_throughput_per_gpu"], found[["submitter", "gpus"]].values.tolist()

    press, mixed = server("gb300")
    held, same = server("gb300/NVIDIA/72")
    assert press["v6.0"] / press["v5.1"] == pytest.approx(2.77, abs=0.005)
    assert mixed[:2] == [["NVIDIA", 72], ["Nebius", 8]]
    assert held["v6.0"] / held["v5.1"] == pytest.approx(1.91, abs=0.005)
    assert same == [["NVIDIA", 72]] * 3
    rounds = published.mlperf_rounds().set_index(["after", "scenario", "hardware", "submitter"])
    row = rounds.loc["v6.0", "server", "gb300", "NVIDIA"].query("model == 'deepseek-r1'").iloc[0]
    assert (round(row["ratio"], 2), round(row["any_submitter"], 2)) == (1.91, 2.77)


def test_a_round_without_a_day_is_known_by_the_day_of_retrieval_and_not_before():
    found = published.mlperf("deepseek-r1", accelerators=("gb300",)).set_index("round")
    accessed = pd.Timestamp(tables.meta("mlperf_v61")["accessed"])
    assert found.loc["v6.1", "date"].unique().tolist() == [accessed]


def test_the_stricter_accuracy_counts_where_a_round_has_no_other():
    rows = published._closed()
    llama = rows[rows["model"] == "llama-2-70b"]
    assert set(llama[llama["round"] == "v6.1"]["accuracy"]) == {"99.9"}
    assert "99.9" not in set(llama[llama["round"] == "v6.0"]["accuracy"])
