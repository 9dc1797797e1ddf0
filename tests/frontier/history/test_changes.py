"""Which logged changes coincide with a jump."""

import pandas as pd
import pytest

from frontier.history.changes import coinciding
from history_rows import FIXED


def log_of(*entries):
    """Changes of (date, pull request, configuration key, kinds), as in the table."""
    frame = pd.DataFrame(entries, columns=["date", "pull_request", "config_key", "kinds"])
    parts = [key.split("-") if "*" not in key else ["", "", ""] for key in frame["config_key"]]
    names = {"dsr1": "deepseek-r1", "gptoss": "gpt-oss-120b"}
    return frame.assign(
        date=pd.to_datetime(frame["date"]),
        model=[names.get(part[0], part[0]) for part in parts],
        hardware=[part[2] for part in parts],
    )


POINT = {**FIXED, "hardware": "b200", "precision": "fp4"}
JUMP = ("2026-03-01", "2026-03-22")


def fits(key, **other):
    log = log_of(("2026-03-10", 7, key, "engine_image"))
    return len(coinciding(JUMP, {**POINT, **other}, log)) == 1


@pytest.mark.parametrize(
    "key",
    [
        "dsr1-fp8-b200-sglang",
        "dsr1-fp4-b300-sglang",
        "dsr1-fp4-gb200-sglang",
        "gptoss-fp4-b200-sglang",
        "dsr1-fp4-b200-trt",
        "dsr1-fp4-b200-dynamo-sglang",
        "dsr1-fp4-b200-sglang-mtp",
        "dsr1-fp4-b200-sglang-disagg",
        "dsr1-fp4-b200-sglang-agentic-mtp",
        "gptoss*",
        "dsr1-fp8-*",
        "dsr1-fp4-b200-sglang2",
    ],
)
def test_a_change_to_another_configuration_does_not_coincide(key):
    assert not fits(key)


@pytest.mark.parametrize(
    "key", ["dsr1-fp4-b200-sglang", "dsr1*", "dsr1-fp4-*-sglang", "*b200-sglang"]
)
def test_a_change_to_this_configuration_by_name_or_by_glob_coincides(key):
    assert fits(key)


def test_marks_of_speculation_and_disaggregation_fit_the_rows_that_have_them():
    assert fits("dsr1-fp4-b200-sglang-mtp", speculative=True)
    assert fits("dsr1-fp4-b200-sglang", speculative=True)
    apart = {"disaggregated": True, "framework": "mori-sglang", "hardware": "mi355x"}
    assert fits("dsr1-fp4-mi355x-sglang-disagg", **apart)
    assert not fits("dsr1-fp4-mi355x-sglang", **apart)
    assert fits("dsr1-fp4-b200-dynamo-trt", disaggregated=True, framework="dynamo-trt")


def test_a_change_coincides_from_21_days_before_the_jump_to_its_day():
    key = "dsr1-fp4-b200-sglang"
    log = log_of(
        ("2026-02-28", 1, key, "fix"),
        ("2026-03-01", 2, key, "fix;engine_image"),
        ("2026-03-22", 3, key, "new_recipe"),
        ("2026-03-23", 4, key, "fix"),
        ("2026-03-10", 5, key, "fix"),
        ("2026-03-10", 5, "dsr1*", "sweep_range"),
    )
    found = coinciding(JUMP, POINT, log)
    assert found["pull_request"].tolist() == [2, 5, 3]
    later = coinciding(("2026-03-11", "2026-03-22"), POINT, log)
    assert later["after_previous"].tolist() == [False, False, True]
    assert coinciding(JUMP, POINT, log, days=5)["pull_request"].tolist() == [3]
