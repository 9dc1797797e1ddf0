import pytest

from frontier.data import hardware, measurements, tables
from frontier.errors import UsageError


def test_an_unknown_accelerator_or_edition_is_an_error_that_lists_the_choices():
    with pytest.raises(UsageError, match=r"no power for hardware 'tpu'.*h100, h200"):
        hardware.power_kw("tpu", "2025")
    with pytest.raises(UsageError, match=r"edition '2024'.*there are 2025, 2026-07"):
        hardware.power_kw("h200", "2024")
    with pytest.raises(UsageError, match="no prices for basis 'rental' under edition 2025"):
        hardware.price("h200", "2025", basis="rental")
    with pytest.raises(UsageError, match="hardware 'b300' under edition 2025, basis hyperscaler"):
        hardware.price("b300", "2025")


def test_the_published_power_constants_give_the_published_rate_per_megawatt():
    # A compare page prints 9,649,229 tok/s/MW for 20,938.8 tok/s/GPU of B200.
    per_mw = 20938.8 * 1000 / hardware.power_kw("b200", "2025")
    assert per_mw == pytest.approx(9_649_229, rel=1e-5)


def test_each_edition_has_its_own_price_and_basis():
    assert hardware.price("gb200", "2025") == 2.21
    assert hardware.price("gb200", "2026-07") == 1.86
    assert hardware.price("gb200", "2026-07", basis="rental") == 2.60


def test_every_edition_names_the_power_of_every_accelerator_that_was_measured():
    measured = set(measurements.choices("hardware"))
    assert measured <= set(hardware.accelerators().index)
    for edition in hardware.POWER_EDITIONS:
        # TPU v7 was first put into the registry of September 2026.
        later = {"tpuv7"} if edition < "2026-09" else set()
        power = tables.read("power").query("edition == @edition")
        assert measured - later <= set(power["hardware"])
        assert not later & set(power["hardware"])


def test_a_part_is_in_no_edition_before_its_publisher_had_it():
    assert hardware.power_kw("vr200", "2026-09") == 3.3
    with pytest.raises(UsageError, match="'2025' under hardware vr200: there are 2026-09"):
        hardware.power_kw("vr200", "2025")
    with pytest.raises(UsageError, match="no power for hardware 'mi455x'"):
        hardware.power_kw("mi455x", "2026-09")


def test_three_limits_of_one_chip_are_shown_as_three():
    limits = hardware.figures("b300")
    assert limits["value"].tolist() == [1100, 1200, 1400]
    assert limits["source"].nunique() == 3
    assert hardware.figures("vr200")["value"].tolist() == [1800, 2300]


def test_both_configurations_of_vr200_are_there_and_their_sparse_rate_is_not_the_dense_one():
    rates = hardware.accelerators().loc[["vr200", "vr200-maxlps"]]
    assert rates["memory_tb_s"].tolist() == [22.0, 19.2]
    assert rates["scale_up_gb_s"].tolist() == [1800, 1500]  # one direction; vendors quote both
    assert set(rates["fp4_tflops"]) == {35000}
    assert set(hardware.figures("vr200", "fp4_inference_tflops")["value"]) == {50000}


def test_a_price_that_two_versions_state_differently_is_in_no_edition_and_both_are_shown():
    with pytest.raises(UsageError, match="hardware 'vr200' under edition 2026-09, basis rental"):
        hardware.price("vr200", "2026-09", "rental")
    stated = hardware.figures("vr200", "rental_usd_per_gpu_hour")
    assert sorted(stated["value"]) == [3.61, 8.5]
    assert hardware.price("gb300", "2026-07", "rental") == 3.3
    assert hardware.price("gb300", "2026-09", "rental") == 5.0


def test_a_quantity_that_no_source_states_says_what_is_stated():
    with pytest.raises(UsageError, match="no source states tdp_w of h100"):
        hardware.figures("h100")
    with pytest.raises(UsageError, match="no source states colour of b300"):
        hardware.figures("b300", "colour")


def test_the_table_of_rates_has_what_sources_state():
    stated = tables.read("accelerator_figures").set_index(["hardware", "quantity"])["value"]
    rates = hardware.accelerators()
    for (key, quantity), values in stated.groupby(level=[0, 1]):
        if quantity in rates and key in rates.index:
            assert rates.loc[key, quantity] in values.tolist(), (key, quantity)


def test_every_accelerator_that_was_measured_has_a_name_and_another_keeps_its_key():
    assert set(measurements.choices("hardware")) <= set(hardware.NAMES)
    assert [hardware.name(key) for key in ("gb300", "mi355x", "x900")] == [
        "GB300",
        "MI355X",
        "x900",
    ]


def test_lower_precision_is_never_slower():
    rates = hardware.accelerators()
    fp8 = rates["fp8_tflops"].dropna()
    assert (fp8 >= rates.loc[fp8.index, "bf16_tflops"]).all()
    fp4 = rates["fp4_tflops"].dropna()
    assert (fp4 >= rates.loc[fp4.index, "fp8_tflops"].fillna(0)).all()
