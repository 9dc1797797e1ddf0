"""What a person sees at the prompt: how objects show themselves, names, and what errors say."""

import numpy as np
import pytest

import frontier
from frontier import claims, curves, serving
from frontier.curves import Frontier
from frontier.data import hardware, measurements, tables
from frontier.errors import UsageError

FRONT = Frontier([50, 100], [400, 200])


@pytest.fixture(scope="module")
def rows():
    return frontier.load_measurements()


@pytest.fixture(scope="module")
def met(rows):
    """One of each kind of object that a person meets, from the real ledger."""
    claim = claims.claim("staff-80-software")
    compared = claims.comparisons(claims.claim("blackwell-advantage-40x"), rows)[0]
    verdict = claims.decide(claim, rows)
    return {
        "claim": claim,
        "comparison": compared,
        "frontier": compared.fronts[0],
        "verdict": verdict,
        "state": verdict.now,
        "finding": verdict.now.findings[0],
    }


def test_no_object_fills_the_screen(met):
    said = {name: repr(one) for name, one in met.items()}
    assert {name: text for name, text in said.items() if "\n" in text or len(text) > 260} == {}


def test_what_an_object_says_names_it_and_its_units(met):
    assert "<Frontier: 2 of 2 points" in repr(FRONT)
    assert "50 to 100 tok/s/user, 400 to 200 tok/s/GPU" in repr(FRONT)
    assert "tok/s/MW" in repr(met["frontier"])
    assert "staff-80-software" in repr(met["verdict"])


def test_a_system_can_be_typed_back_from_what_it_says():
    system = serving.System(
        "deepseek-r1", "h200", "fp8", isl=8192, osl=1024, single_node=True, max_tp=4
    )
    assert eval(repr(system), {"System": serving.System}) == system
    assert "max_gpus" not in repr(system)


def test_the_unit_of_a_frontier_follows_what_is_done_to_it(rows):
    some = rows[rows["hardware"] == "h200"]
    assert Frontier.from_points(some).unit == "tok/s/GPU"
    output = Frontier.from_points(some, throughput="output_throughput_per_gpu")
    assert output.unit == "output tok/s/GPU"
    assert Frontier.from_points(some, scale=1000).unit == "tok/s/GPU × 1,000"
    assert Frontier.from_points(some, unit="a").unit == "a"


def test_completion_of_the_package_offers_each_module_once():
    assert sorted(dir(frontier)) == sorted(set(dir(frontier)))
    assert {"curves", "load_measurements", "serving"} <= set(dir(frontier))
    assert "importlib" not in dir(frontier)


MISTAKES = {
    "a misspelt model": (
        lambda rows: measurements.select(rows, model="DeepSeek-R1"),
        "; did you mean 'deepseek-r1'?",
    ),
    "a misspelt accelerator": (
        lambda rows: hardware.power_kw("GB200", "2025"),
        "did you mean 'gb200'?",
    ),
    "a misspelt column": (
        lambda rows: Frontier.from_points(rows, throughput="throughput_per_gpus"),
        "did you mean 'throughput_per_gpu'?",
    ),
    "a misspelt condition": (
        lambda rows: measurements.select(rows, hardwares="h200"),
        "; did you mean 'hardware'?",
    ),
    "a list for a frame": (
        lambda rows: Frontier.from_points([[50, 400]]),
        "from_points takes a pandas.DataFrame",
    ),
    "a list for rows": (lambda rows: measurements.select([1]), "select takes rows"),
    "an empty selection": (
        lambda rows: Frontier.from_points(rows[rows["model"] == "gpt-5"]),
        "measurements.select says what there is",
    ),
    "a missing number": (
        lambda rows: Frontier([50, np.nan], [400, 200]),
        "row 1, interactivity: nan is not a positive finite number; drop the row",
    ),
    "words for numbers": (lambda rows: Frontier(["fast"], [1]), "interactivity must be numbers"),
    "a speed in words": (lambda rows: FRONT.at("fast"), "interactivity must be numbers"),
    "rows for frontiers": (
        lambda rows: curves.ratio(rows, rows, 50),
        "expected two frontiers and got DataFrame: Frontier.from_points(rows) makes one",
    ),
    "noise in per cent": (
        lambda rows: curves.interval(FRONT, FRONT, 3),
        "sigma is 3; expected a share of at least 0 (0.03 is 3 %)",
    ),
    "a day in words": (
        lambda rows: measurements.select(rows, as_of="last week"),
        "expected a date such as 2026-03-31",
    ),
    "a time with its unit": (
        lambda rows: measurements.select(rows, ttft_limit="2s"),
        "expected seconds, such as 2.0",
    ),
    "a unit that there is not": (
        lambda rows: claims.Basis(per="kW"),
        "per is 'kW'; there are GPU, MW",
    ),
    "an id for a claim": (
        lambda rows: claims.decide("mtp", rows),
        "expected a claim, not 'mtp': claims.claim(ID) gives it",
    ),
    "a misspelt claim": (lambda rows: claims.claim("nv-switch"), "did you mean 'nvswitch'?"),
    "names for systems": (
        lambda rows: serving.ratio_interval("gb200", "h200", [30]),
        "expected two of serving.System, not 'gb200'",
    ),
    "a misspelt table": (lambda rows: tables.read("powers"), "did you mean 'power'?"),
    "a misspelt module": (lambda rows: frontier.curve, "did you mean 'curves'?"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_at_the_prompt_is_told_what_to_do(mistake, rows):
    make, said = MISTAKES[mistake]
    with pytest.raises((UsageError, ValueError, AttributeError)) as caught:
        make(rows)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_column_may_be_named_without_a_list(rows):
    some = rows[rows["model"] == "llama-70b"]
    one, listed = (Frontier.from_points(some, by) for by in ("hardware", ["hardware"]))
    assert len(one.curves) == len(listed.curves) == some["hardware"].nunique()
