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
    known = set(hardware.accelerators().index)
    for edition in hardware.POWER_EDITIONS:
        power = tables.read("power")
        assert set(power[power["edition"] == edition]["hardware"]) == known
    assert set(measurements.choices("hardware")) <= known


def test_every_accelerator_that_was_measured_has_a_name_and_another_keeps_its_key():
    assert set(measurements.choices("hardware")) <= set(hardware.NAMES)
    assert [hardware.name(key) for key in ("gb300", "mi355x", "x900")] == [
        "GB300",
        "MI355X",
        "x900",
    ]


def test_lower_precision_is_never_slower():
    rates = hardware.accelerators()
    assert (rates["fp8_tflops"] >= rates["bf16_tflops"]).all()
    fp4 = rates["fp4_tflops"].dropna()
    assert (fp4 >= rates.loc[fp4.index, "fp8_tflops"]).all()
