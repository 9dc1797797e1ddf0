"""The explorer with its controls: a widget in JupyterLab, and the same module in a page.

`Explorer` is an anywidget whose traits are the fields of `Choice`: controls and Python change the
same choice. In a build it leaves its script and its data in the page instead. Both homes run
`explorer.js`; what it gets are the rows as `encoded` writes them.
"""

import base64
import gzip
import json
from dataclasses import fields
from pathlib import Path

import anywidget
import numpy as np
import pandas as pd
import traitlets

from broadsheet import in_build
from frontier import curves, explorer, figures, serving
from frontier.data import hardware, measurements, tables
from frontier.errors import UsageError
from frontier.explorer import Choice

SCRIPT = "application/vnd.broadsheet.script+json"  # what a page collects: {"module": text}
MODULE, STYLE = (Path(__file__).with_name(f"explorer.{kind}") for kind in ("js", "css"))
GRID = [float(f"{speed:.3g}") for speed in np.geomspace(8, 512, 25)]  # of modelled frontiers
_TEXTS = ("model", "hardware", "framework", "precision", "source", "prefill", "caveat", "run_url")
_FIXED = (*_TEXTS[:6], "speculative", "disaggregated", "dp_attention", "isl", "osl", "gpus")
_FIXED += ("prefill_gpus", "decode_gpus", "tp", "ep")
_NUMBERS = ("interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "ttft")


def encoded(rows: pd.DataFrame, /, *, modelled: bool = True) -> dict:
    """Return rows as `explorer.js` reads them: columns of JSON, each configuration once.

    Rows are those of `explorer.with_own`. Numbers have six significant digits, as the tables have;
    texts are places in a list of texts, and days are counted from the first.
    """
    texts = {name: list(dict.fromkeys(rows[name])) for name in _TEXTS}
    places = {name: pd.Categorical(rows[name], texts[name]).codes for name in _TEXTS}
    numbers = pd.DataFrame({**{name: rows[name] for name in _FIXED if name in rows}, **places})
    fixed = numbers[list(_FIXED)].astype(int)
    new = (fixed != fixed.shift()).any(axis=1).to_numpy()
    days = rows["date"].dropna()
    first = days.min() if len(days) else pd.Timestamp(0)
    many = [*_NUMBERS, *([explorer.ENERGY] if explorer.ENERGY in rows else [])]
    return {
        "texts": texts,
        "evidence": measurements.evidence(pd.DataFrame({"source": texts["source"]})).tolist(),
        "own": measurements.OWN,
        "configurations": {name: fixed.loc[new, name].tolist() for name in _FIXED},
        "counts": np.diff(np.flatnonzero(np.r_[new, True])).tolist(),
        "rows": {
            **{name: [_short(value, 8) for value in rows[name]] for name in many},
            "concurrency": rows["concurrency"].tolist(),
            "day": [_short(day) for day in (rows["date"] - first).dt.days],
            "row_id": rows["row_id"].tolist(),
            "caveat": places["caveat"].tolist(),
            "run_url": places["run_url"].tolist(),
            **({"label": rows["label"].tolist()} if "label" in rows else {}),
        },
        "first_day": f"{first:%Y-%m-%d}",
        "last_day": f"{days.max():%Y-%m-%d}" if len(days) else "",
        "hardware": _accelerators(rows),
        "power_editions": list(hardware.POWER_EDITIONS),
        "prices": list(explorer.prices()),
        "conditions": {word: list(pair) for word, pair in explorer.CONDITIONS.items()},
        "words": explorer.WORDS,
        "names": explorer.spoken([*texts["model"], *texts["framework"], *texts["precision"]]),
        "baselines": list(explorer.BASELINES),
        "quantities": {name: list(words) for name, words in explorer.QUANTITIES.items()},
        "per": explorer.PER,
        "least": explorer.LEAST,
        "floor": curves.FLOOR,
        "grid": GRID,
        "modelled": modelled_frontiers(rows) if modelled else {},
    }


def modelled_frontiers(rows: pd.DataFrame, /) -> dict[str, list[float]]:
    """Return what the serving model says of each measured system, at the speeds of `GRID`.

    By ``model shape hardware precision``, with `` node`` for one node and `` no-mtp`` without
    drafts: tok/s/GPU of input and output tokens, of deployments of at most 72 GPUs, negative where
    the model was not checked, up to the last speed that it reaches.
    """
    public = rows[rows["source"] != measurements.OWN]
    keys = ["model", "isl", "osl", "hardware", "precision"]
    found = {}
    for model, isl, osl, key, precision in public[keys].drop_duplicates().itertuples(index=False):
        for node in (False, True):
            for drafts in (False, True):
                system = serving.System(
                    model, key, precision, isl, osl, speculative=drafts, single_node=node
                )
                try:
                    front = serving.front(system)
                except UsageError:  # nothing is known of the model, it does not fit, or no drafts
                    continue
                place = np.searchsorted(front["interactivity"], GRID)
                place = place[place < len(front)]
                values = front["throughput_per_gpu"].to_numpy()[place]
                sign = np.where(front["extrapolated"].to_numpy()[place], -1, 1)
                name = f"{model} {isl}/{osl} {key} {precision}"
                name += " node" * node + " no-mtp" * (not drafts)
                found[name] = [_short(value, 4) for value in values * sign]
    return found


def embedded(
    rows: pd.DataFrame,
    choice: Choice,
    /,
    *,
    compact: bool = False,
    more: str = "",
    row_page: str = "",
    name: str = "explorer",
) -> tuple[str, str]:
    """Return the explorer for a page: its HTML with the data, and the text of its module.

    The page has to let the module run (``<script type="module">``, by its hash in the policy);
    the data are in the HTML, as JSON that runs nothing. Without JavaScript one line says so.

    Args:
        rows: measured rows.
        choice: what is shown first.
        compact: two systems, traffic and speed only, with the rows that no other of their kind
            beats: what the index has.
        more: address of the page with the whole explorer, to which a compact one leads.
        row_page: address to which a row's id is appended; by default a row leads to its run.
        name: id of the element, for pages that have two.
    """
    rows = explorer.with_own(rows)
    if compact:
        rows = _leading(rows, choice)
    data = {
        **encoded(rows, modelled=not compact),
        "choice": _values(choice),
        "options": {"compact": compact, "more": more, "row_page": row_page},
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # As base64 no text of the data can end the element; compressed it is a third of its size.
    packed = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<div class="frontier-panel" id="{name}" data-frontier-explorer><style>{style}</style>'
        f'<script type="application/gzip+json">{packed}</script><p class="note">The controls need '
        "JavaScript. What follows is of the choice that the page was made with.</p></div>",
        MODULE.read_text(encoding="utf-8"),
    )


class Explorer(anywidget.AnyWidget):
    """The explorer of some rows; its traits are the fields of `Choice`, set by hand or from Python.

    >>> from frontier.data import measurements
    >>> shown = Explorer(measurements.load_measurements(), systems=["gb200", "h200"], speed=75)
    >>> shown.speed = 50
    >>> shown.selection["system"].unique().tolist(), shown.choice.speed
    (['gb200', 'h200'], 50.0)
    """

    _esm = MODULE
    _css = STYLE
    _data = traitlets.Dict().tag(sync=True)
    model, shape, power_edition, price, tokens, least, above, below, per, wording = (
        traitlets.Unicode().tag(sync=True) for _ in range(10)
    )
    systems = traitlets.List(traitlets.Unicode()).tag(sync=True)
    speed, megawatts = (traitlets.CFloat().tag(sync=True) for _ in range(2))
    ttft_limit, claim = (traitlets.CFloat(None, allow_none=True).tag(sync=True) for _ in range(2))
    gpus = traitlets.Int(None, allow_none=True).tag(sync=True)
    as_of = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(self, rows: pd.DataFrame, choice: Choice | None = None, /, **changes):
        """Show a choice of these rows and of one's own imported ones.

        Args:
            rows: as `load_measurements` gives them.
            choice: what is shown first, `Choice()` by default.
            changes: fields of `Choice` that differ from it.
        """
        given = _values(choice) if choice else {}
        self.rows = explorer.with_own(rows)
        super().__init__(**_values(Choice(**{**given, **changes})))
        if not in_build():
            self._data = encoded(self.rows)

    @property
    def choice(self) -> Choice:
        """What the controls stand at."""
        return self._changed()

    def _changed(self, **changes) -> Choice:
        values = {one.name: getattr(self, one.name) for one in fields(Choice)} | changes
        for name in ("above", "below"):  # as the module does where such a system was removed
            if name not in changes and values[name] not in values["systems"]:
                values[name] = ""
        return Choice(**values)

    @traitlets.validate(*(one.name for one in fields(Choice)))
    def _checked(self, proposal):
        self._changed(**{proposal["trait"].name: proposal["value"]})
        return proposal["value"]

    @property
    def selection(self) -> pd.DataFrame:
        """The measured rows of the choice, by system, with the columns of `QUANTITIES`."""
        return explorer.measured(self.rows, self.choice)

    def _repr_mimebundle_(self, **options):
        if not in_build():
            return super()._repr_mimebundle_(**options)
        shown, module = embedded(self.rows, self.choice)
        told = "(On the page the explorer stands here: two systems compared at a speed.)"
        return {"text/html": shown, "text/markdown": told, SCRIPT: {"module": module}}, {}


def _values(choice) -> dict:
    """Return the fields of a choice as JSON has them."""
    found = {one.name: getattr(choice, one.name) for one in fields(Choice)}
    return {**found, "systems": list(choice.systems)}


def _leading(rows, choice):
    """Return the rows that a ratio of two systems can need: the fronts of each, by traffic."""
    kept = []
    for shape in measurements.shapes(rows[rows["model"] == choice.model]).unique():
        for system in {*rows["hardware"], *explorer.BASELINES}:
            points = explorer.matching(rows, choice, system, shape)
            kept.append(explorer.front(points, "tok_s_per_gpu", fits=False).index)
    return rows.loc[sorted(set().union(*kept))].reset_index(drop=True)


def _accelerators(rows) -> dict[str, dict]:
    """Return name, colour, power and prices of each accelerator, known ones first."""
    there = set(rows["hardware"])
    power, prices = tables.read("power"), tables.read("prices")
    prices = prices.assign(edition=prices["edition"] + " " + prices["basis"])
    found = {}
    for key in dict.fromkeys([*hardware.NAMES, *sorted(there)]):
        if key not in there:
            continue
        kw, usd = (table[table["hardware"] == key] for table in (power, prices))
        found[key] = {
            "name": hardware.name(key),
            "colour": figures.colour(key),
            "kw": dict(zip(kw["edition"], kw["kw_per_gpu"], strict=True)),
            "usd": dict(zip(usd["edition"], usd["usd_per_gpu_hour"], strict=True)),
        }
    return found


def _short(value: float, digits: int = 6) -> float | int | None:
    """Return a number with so many significant digits as JSON has it shortest; None for NaN."""
    if pd.isna(value):
        return None
    found = float(f"{value:.{digits}g}")
    return int(found) if found.is_integer() else found
