"""`explorer.js` in Chromium does the arithmetic of `frontier.explorer`, on the real rows."""

import base64
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from browser import chromium
from frontier import explorer
from frontier.data import measurements
from frontier.explorer import QUANTITIES, Choice, widget

WORDS = (*[""] * 18, "node", "mtp", "no-mtp", "split", "no-split", "fp4", "fp8", "trt")
# Each choice as the module has it: what Python returns below, in the same order.
FRONTS = ("tok_s_per_mw", "tok_per_usd", "wh_per_answer", "users")
ASKED = """([choices, names]) => choices.map((choice) => {
  const parts = explorer.measured(data, choice);
  const value = (one) => (Number.isNaN(one) ? null : one);
  const fronts = Object.fromEntries(names.map((name) => [name,
    parts.map((p) => explorer.front(data, p, name).map((i) => data.rows.row_id[p.rows[i]]))]));
  const values = Object.fromEntries(Object.keys(data.quantities).map((name) => [name,
    parts.map((p) => value(explorer.atSpeed(data, choice, p, name)))]));
  const told = (found) => found && Object.fromEntries(
    Object.entries(found).map(([k, v]) => [k, typeof v === 'number' ? value(v) : v]));
  const best = explorer.best(data, choice).map(({points, i, r}) => [points.system,
    data.rows.row_id[r], ...Object.keys(data.quantities).map((name) => value(points[name][i]))]);
  const compared = told(explorer.compare(data, choice, choice.above, choice.below));
  const claimed = !choice.claim ? [] : explorer.claimed(data, choice).map(
    ({below, shape, found: {typical, largest, at_speed, met, share}}) => [shape, below,
      ...[typical, largest, at_speed].map(value), met[0]?.[0] ?? null, met.at(-1)?.[1] ?? null,
      value(share)]);
  return {fronts, values, best, compared, claimed};
})"""


@pytest.fixture(scope="module")
def rows():
    return explorer.with_own(measurements.load_measurements())


@pytest.fixture(scope="module")
def module(rows):
    """A page that has the module as `explorer` and the rows as `data`."""
    code = base64.b64encode(widget.MODULE.read_bytes()).decode()
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate(
            "async (code) => {window.explorer = await import(code)}",
            f"data:text/javascript;base64,{code}",
        )
        page.evaluate("raw => {window.data = explorer.decode(raw)}", widget.encoded(rows))
        yield page


def choices(rows, count, seed=0):
    """Random choices over everything that a choice has, most of them with rows."""
    random = np.random.default_rng(seed)
    public = rows[["model", "hardware", "isl", "osl"]].drop_duplicates()

    def one_of(*values):
        return values[random.integers(len(values))]

    def system(model):
        key = one_of(*public.loc[public["model"] == model, "hardware"].unique())
        words = {word for word in (one_of(*WORDS), one_of(*WORDS)) if word}
        try:
            explorer.conditions(text := " ".join([key, *sorted(words)]))
        except explorer.UsageError:
            return key
        return text

    for _ in range(count):
        model = one_of("deepseek-r1", "deepseek-r1", *public["model"].unique())
        shape = one_of(*measurements.shapes(public[public["model"] == model]).unique())
        yield Choice(
            model=model,
            shape=shape,
            systems=tuple(system(model) for _ in range(random.integers(2, 5))),
            speed=round(float(10 ** random.uniform(0.7, 2.6)), 3),
            ttft_limit=one_of(*[None] * 6, 0.5, 2.0, 10.0),
            as_of=one_of(*[None] * 6, "2025-12-31", "2026-03-31"),
            power_edition=one_of("2025", "2026-07"),
            price=one_of(*explorer.prices()),
            tokens=one_of("input and output", "output"),
            megawatts=one_of(0.01, 0.1, 1.0, 7.3),
            gpus=one_of(None, None, 8, 64, 1000),
            least=one_of("energy", "cost"),
            per=one_of(*explorer.PER, *["GPU", "MW", "$"] * 2),
            claim=one_of(*[None] * 6, 1.1, 2.0, 5.0, 20.0),
        )


def best_at_speed(points, choice, name, more):
    """Of each system the best value of whole deployments that are at least so fast."""
    meets = (points["interactivity"] >= choice.speed) & (points["deployments"] >= 1)
    there = points[meets & (points[name] > 0) & np.isfinite(points[name])].groupby("system")[name]
    return (there.max() if more else there.min()).reindex(choice.systems).tolist()


def in_python(rows, choice):
    points = explorer.measured(rows, choice)
    parts = [points[points["system"] == system] for system in choice.systems]
    best = explorer.best(points, choice)
    compared = explorer.compare(rows, choice, choice.above, choice.below)
    claimed = explorer.claimed(rows, choice) if choice.claim else pd.DataFrame()
    return {
        "fronts": {
            name: [
                explorer.front(part[["row_id", "interactivity", name, "deployments"]], name)[
                    "row_id"
                ].tolist()
                for part in parts
            ]
            for name in FRONTS
        },
        "values": {
            name: best_at_speed(points, choice, name, more)
            for name, (_, _, more) in QUANTITIES.items()
        },
        "best": best[["system", "row_id", *QUANTITIES]].to_numpy().tolist(),
        "compared": None
        if compared is None
        else {
            "edges": compared.edges.tolist(),
            "ratio": compared.ratio.tolist(),
            "met": [list(pair) for pair in compared.met],
            **{
                one.name: getattr(compared, one.name)
                for one in fields(compared)
                if one.type == "float" or one.type is float
            },
        },
        "claimed": claimed.to_numpy().tolist(),
    }


def differences(ours, theirs, at=""):
    """Yield the relative difference of every pair of numbers; all else must be equal."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), at
        for key in ours:
            yield from differences(ours[key], theirs[key], f"{at} {key}")
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs), (at, ours, theirs)
        for one, other in zip(ours, theirs, strict=True):
            yield from differences(one, other, at)
    elif isinstance(ours, str) or ours is None:
        assert ours == theirs, at
    elif theirs is None or np.isnan(ours):
        assert theirs is None and np.isnan(ours), (at, ours, theirs)
    else:
        yield abs(ours - theirs) / max(abs(ours), 1e-300) if ours != theirs else 0.0


@pytest.mark.parametrize("count", [10, pytest.param(2000, marks=pytest.mark.slow)])
def test_fronts_ratios_units_and_best_deployments_are_those_of_python(rows, module, capsys, count):
    asked = list(choices(rows, count))
    found = [
        one
        for start in range(0, len(asked), 100)
        for one in module.evaluate(
            ASKED, [[widget._values(c) for c in asked[start : start + 100]], FRONTS]
        )
    ]
    largest, numbers, compared = 0.0, 0, 0
    needless = ["tpot", "image", "citation", "latency", "run_url", "caveat"]
    of_model = dict(list(rows.drop(columns=needless).groupby("model")))
    for choice, theirs in zip(asked, found, strict=True):
        ours = in_python(of_model[choice.model], choice)
        compared += ours["compared"] is not None
        for difference in differences(ours, theirs, str(choice)):
            largest, numbers = max(largest, difference), numbers + 1
    with capsys.disabled():
        print(
            f"\n{len(asked)} choices, {compared} with a ratio, {numbers:,} numbers: "
            f"largest relative difference {largest:.1e}"
        )
    assert largest < 1e-12
    assert compared > len(asked) / 8
