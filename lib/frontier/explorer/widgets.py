"""Controls for the explorer, in JupyterLab: the only module that needs ipywidgets.

A control changes one field of a `explorer.Choice`; charts, table and what is missing
follow in one message to the browser, so that nothing is ever half redrawn. What depends on the
rows alone is remembered, so that a step of a slider computes what the step changes.
"""

import asyncio
import html
from dataclasses import replace

import ipywidgets as ipw
import numpy as np
import pandas as pd

from broadsheet import links
from frontier import explorer, figures
from frontier.claims import comparisons
from frontier.data import hardware, measurements
from frontier.data.words import counted, number
from frontier.errors import UsageError
from frontier.explorer import QUANTITIES, Choice, charts, explored
from frontier.explorer.charts import Dots, Line

TTFT = (None, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 50.0, 100.0)
INK = "var(--jp-content-font-color1,#1b1f25)"  # of text and of one's own rows
NOTHING = ""  # a control at None would show nothing at all
# Inside the light or dark theme of JupyterLab; elsewhere the fallbacks are the page's colours.
STYLE = """<style>
.frontier-panel{color:var(--jp-content-font-color1,#1b1f25);font:13px/1.5 var(--jp-ui-font-family,sans-serif)}
.frontier-charts{display:flex;flex-wrap:wrap;gap:4px 20px}
.frontier-chart{max-width:100%;height:auto;font-size:11px}
.frontier-chart path{fill:none}
.frontier-chart text{fill:var(--jp-content-font-color1,#1b1f25)}
.frontier-chart .x{text-anchor:middle}.frontier-chart .y{text-anchor:end}
.frontier-chart .name{font-size:12px}
.frontier-chart .grid{stroke:var(--jp-border-color2,#d9dee4);stroke-width:.7}
.frontier-chart .tick{stroke:var(--jp-content-font-color2,#5b6470)}
.frontier-chart .dots{stroke-width:4;stroke-linecap:round;stroke-opacity:.3}
.frontier-chart .line{stroke-width:2}.frontier-chart .modelled,.frontier-chart .extrapolated{stroke-width:1.4}
.frontier-chart .at,.frontier-chart .level{stroke:var(--jp-content-font-color2,#5b6470);stroke-dasharray:2 2}
.frontier-chart .own,.frontier-keys .mine{stroke-width:1.3}
.frontier-chart .mark{fill:none;stroke:var(--jp-content-font-color1,#1b1f25);stroke-width:1.6}
.frontier-keys{display:flex;flex-wrap:wrap;gap:0 16px;margin:6px 0}
.frontier-keys svg{vertical-align:-2px;margin-right:5px}.frontier-keys path{fill:none}
.frontier-panel table{border-collapse:collapse;margin:6px 0;font-size:12px}
.frontier-panel :is(th,td){text-align:right;padding:3px 10px;vertical-align:top;border-bottom:1px solid var(--jp-border-color2,#d9dee4)}
.frontier-panel :is(th,td):first-child{text-align:left;min-width:22em}
.frontier-panel .note{margin:4px 0;max-width:70em}
</style>"""  # noqa: E501


def panel(rows: pd.DataFrame, choice: Choice, /) -> ipw.Widget:
    """Return the controls with what they show, set to a choice."""
    return Panel(rows, choice).widget


class Panel:
    """The controls of one choice; `choice` is what they stand at, `widget` what is displayed."""

    def __init__(self, rows: pd.DataFrame, choice: Choice):
        self.rows, self.choice = rows, choice
        self._accelerators = _accelerators(rows)
        self._memory = {}
        self.controls = _controls(rows, choice, self._accelerators)
        self.shown = ipw.HTML().add_class("frontier-shown")
        for control in self.controls.values():
            control.observe(lambda _: self.draw(), "value")
        style = ipw.HTML(figures.lab_style() + STYLE)
        self.widget = ipw.VBox([style, _laid_out(self.controls), self.shown])
        self.widget.add_class("frontier-explorer")
        self.draw()

    def asked(self) -> Choice:
        """Return the choice that the controls stand at; UsageError where it contradicts itself."""
        values = {
            name: None if one.value == NOTHING else one.value for name, one in self.controls.items()
        }
        accelerators = tuple(key for key in self._accelerators if values.pop(f"is_{key}"))
        counted, gpus, _ = (values.pop(key) for key in ("fleet", "gpus", "shows"))
        fleet = gpus if counted == "GPUs" else None
        return replace(self.choice, **values, accelerators=accelerators, gpus=fleet)

    def draw(self, *, whole: bool = False) -> None:
        """Show what the controls stand at.

        A model's answer that was never asked for takes longer than a hand should wait, so what is
        measured is shown at once and the modelled lines follow (at once too, if `whole`).
        """
        counted = self.controls["fleet"].value
        for key, kind in (("megawatts", "MW"), ("gpus", "GPUs")):
            self.controls[key].layout.display = None if counted == kind else "none"
        try:
            self.choice = self.asked()
            still = replace(self.choice, interactivity=1.0, megawatts=1.0, gpus=None, least="power")
            # What the model was asked once it tells of another fleet while a hand moves.
            later = None if whole or ("asked", still) in self._memory else _loop()
            told = self._said(self.choice, still, with_model=later is None)
        except UsageError as error:
            later, told = None, f'<p class="note">{html.escape(str(error))}</p>'
        self.shown.value = f'<div class="frontier-panel">{told}</div>'
        if later:
            asked = self.choice
            later.call_later(0.02, lambda: self.choice is asked and self.draw(whole=True))

    def _remembered(self, kind, function, still):
        """Return what a function gives, once for all that does not depend on target and fleet."""
        if (kind, still) not in self._memory:
            if len(self._memory) > 200:
                self._memory.clear()
            self._memory[kind, still] = function(still)
        return self._memory[kind, still]

    def _measured(self, still):
        """Return the points, the baseline's, their ratios, and what is missing."""
        # Of the model and shape first: what follows then looks at a few hundred rows.
        one = {"model": still.model, "shape": still.shape}
        rows = self._remembered(
            "rows", lambda _: comparisons.matching(self.rows, **one), tuple(one.values())
        )
        points, below = explorer.measured(rows, still), explorer.over(rows, still)
        return points, explorer.ratios(points, below, still), explorer.said(rows, still)

    def _modelled(self, untargeted, still):
        """Return what the model says of a fleet, the same of all that hold as many GPUs."""
        most = tuple(untargeted.most(key) for key in untargeted.accelerators)
        found = self._remembered(
            "modelled", lambda _: explorer.modelled(self.rows, untargeted), (still, most)
        )
        self._memory["asked", still] = True
        return found

    def _quantified(self, untargeted, with_model):
        """Return points and modelled points with the quantities of a fleet, and lines of each."""
        still = replace(untargeted, megawatts=1.0, gpus=None)
        points = self._remembered("measured", self._measured, still)[0]
        modelled, reasons = _nothing(points), None
        if with_model:
            modelled, reasons = self._modelled(untargeted, still)
        points, modelled = (explorer.quantified(part, untargeted) for part in (points, modelled))
        return points, modelled, reasons

    def _said(self, choice: Choice, still: Choice, with_model: bool) -> str:
        """Return the charts, the table and the notes of a choice."""
        _, ratios, missing = self._remembered("measured", self._measured, still)
        untargeted = replace(choice, interactivity=1.0, least="power")
        points, modelled, reasons = self._remembered(
            with_model, lambda one: self._quantified(one, with_model), untargeted
        )
        notes = "".join(f'<p class="note">{html.escape(told)}</p>' for told in missing)
        if points.empty:
            told = html.escape(explorer.nothing(self.rows, choice))
            return f'<p class="note">{told}</p>{notes}'
        found, quantity = explorer.best(points, choice), self.controls["shows"].value
        known = self._remembered(
            "own", lambda _: explored.own_rows(choice), (choice.model, choice.shape)
        )
        yours = self._remembered(
            ("yours", quantity), lambda one: explored.mine(known, one, quantity), untargeted
        )
        drawn = self._remembered(
            (with_model, quantity),
            lambda one: _drawn(points, modelled, yours, one, quantity),
            untargeted,
        )
        answer = html.escape(explored.answer(points, choice))
        return "".join(
            (
                _keys(choice, yours),
                '<div class="frontier-charts">',
                _frontiers(*drawn, found, choice, quantity),
                _lead(ratios, choice),
                "</div>",
                _table(found, choice),
                f'<p class="note">{answer}</p>',
                _unfit_note(points, choice),
                _modelled_note(modelled, reasons, choice),
                notes,
            )
        )


def _nothing(points):
    return points.iloc[:0].assign(extrapolated=False)


def _loop():
    """Return the kernel's running loop, None where nothing would come later."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _drawn(points, modelled, yours, choice, quantity):
    """Return the lines and the dots of a choice, whatever its target."""
    lines, dots = [], []
    for key in choice.accelerators:
        colour, own = _colour(key), points[(points["hardware"] == key) & (points[quantity] > 0)]
        dots.append(Dots(colour, *_xy(own, quantity)))
        lines += _parts(modelled[modelled["hardware"] == key], quantity, key, colour)
        lines.append(Line(_name(key), colour, *_xy(explorer.front(own, quantity), quantity)))
    for place, (name, own) in enumerate(yours.groupby("series", sort=False)):
        dots.append(Dots(INK, *_xy(own, quantity), mark=place))
        lines.append(Line(name, INK, *_xy(explorer.front(own, quantity), quantity), "own"))
    return lines, dots


def _xy(points, quantity):
    return points["interactivity"].to_numpy(float), points[quantity].to_numpy(float)


def _frontiers(lines, dots, found, choice, quantity) -> str:
    first = found.head(1)
    label = explored.axis(choice, quantity)
    return charts.chart(
        lines,
        dots,
        x="Interactivity, tok/s/user",
        y=label,
        at=choice.interactivity,
        label=f"{label} over interactivity, measured and modelled",
        marks=list(zip(first["interactivity"], first[quantity], strict=True)),
    )


def _parts(modelled, quantity, key, colour):
    """Return a modelled front as lines, apart where it was not checked."""
    best = explorer.front(modelled, quantity)
    x, y, outside = (best[n].to_numpy() for n in ("interactivity", quantity, "extrapolated"))
    lines, start = [], 0
    for i in range(1, len(x)):
        if i + 1 == len(x) or outside[i + 1] != outside[i]:
            kind = "extrapolated" if outside[i] else "modelled"
            lines.append(Line(_name(key), colour, x[start : i + 1], y[start : i + 1], kind))
            start = i
    return lines


def _lead(ratios, choice) -> str:
    lines = [
        Line(_name(key), _colour(key), own["interactivity"].to_numpy(), own["ratio"].to_numpy())
        for key, own in ratios.groupby("hardware", sort=False)
        if key != choice.baseline or (own["ratio"] != 1).any()  # not a baseline over itself
    ]
    below = f"{_name(choice.baseline)} with {choice.baseline_software}"
    label = f"{explored.unit(choice, 'tok_s_per_mw')} over {below}"
    return charts.chart(
        lines,
        [],
        x="Interactivity, tok/s/user",
        y=label,
        at=choice.interactivity,
        level=1.0,
        label=f"Ratio of {label}, measured",
    )


def _keys(choice, yours) -> str:
    def key(text, colour, dash="", width=2, mark=""):
        return (
            f'<span><svg width="24" height="10" aria-hidden="true"><path d="M0 5H24" '
            f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>{mark}</svg>'
            f"{text}</span>"
        )

    parts = [key(html.escape(_name(one)), _colour(one)) for one in choice.accelerators]
    parts += [
        key("measured, best", INK),
        key("modelled", INK, charts.DASHES["modelled"], 1.4),
        key("modelled, extrapolated", INK, charts.DASHES["extrapolated"], 1.4),
    ]
    for place, name in enumerate(yours["series"].unique()):
        mark = f'<path d="M12 5{charts.mark(place)}" stroke="{INK}" class="mine"/>'
        parts.append(key(html.escape(name), INK, charts.DASHES["own"], 1.2, mark))
    return f'<div class="frontier-keys">{"".join(parts)}<span>◯ the first of the table</span></div>'


def _table(found, choice) -> str:
    address = found["run_url"].where(found["run_url"].map(links.is_web), found["citation"])
    columns = {
        "measured deployment": [
            html.escape(explored.deployment(row)) for row in found.itertuples()
        ],
        "concurrency": [f"{value:,}" for value in found["concurrency"]],
        "tok/s/user": found["interactivity"].map(number),
        "TTFT, s": found["ttft"].map(_or_dash),
        explored.unit(choice, "tok_s_per_mw"): found["tok_s_per_mw"].map(number),
        explored.unit(choice, "usd_per_million_tokens"): found["usd_per_million_tokens"].map(
            _or_dash
        ),
        "Wh per answer": found["wh_per_answer"].map(number),
        f"deployments in {choice.fleet}": [f"{value:,}" for value in found["deployments"]],
        "users": [f"{value:,.0f}" for value in found["users"]],
        "date": [f"{day:%Y-%m-%d}" if pd.notna(day) else "undated" for day in found["date"]],
        "row": [links.link(*pair) for pair in zip(address, found["row_id"], strict=True)],
    }
    head = "".join(f"<th>{html.escape(text)}</th>" for text in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for cells in zip(*columns.values(), strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _unfit_note(points, choice) -> str:
    if not (told := explorer.unfit(points, choice)):
        return ""
    return f'<p class="note">{html.escape(told)} The ratios are of deployments of any size.</p>'


def _modelled_note(modelled, reasons, choice) -> str:
    if reasons is None:
        return '<p class="note">The serving model follows.</p>'
    found = explorer.best(modelled, choice, 1)
    told = ["The serving model has no deployment that meets this."]
    if len(found):
        row = found.iloc[0]
        outside = ", extrapolated" if row["extrapolated"] else ""
        cost = row["usd_per_million_tokens"]
        per_token = explored.unit(choice, "usd_per_million_tokens").removeprefix("$ ")
        dollars = f"modelled cost ${number(cost)} {per_token}, " if cost == cost else ""
        per_mw = f"{number(row['tok_s_per_mw'])} {explored.unit(choice, 'tok_s_per_mw')}"
        told = [
            f"Modelled, not measured{outside}: {_name(row['hardware'])} in {row['precision']}, "
            f"{counted(row['gpus'], 'GPU')}, {per_mw} at "
            f"{number(row['interactivity'])} tok/s/user, {dollars}"
            f"{number(row['wh_per_answer'])} Wh per answer."
        ]
    told += explorer.refused(reasons)
    return f'<p class="note">{html.escape(" ".join(told))}</p>'


def _controls(rows, choice, accelerators) -> dict[str, ipw.Widget]:
    """Return a control for each field of a choice, by its name."""

    def pick(name, options, text):
        value = getattr(choice, name)
        return _dropdown(options, NOTHING if value is None else value, text)

    def there(column):
        return measurements.choices(column, rows[rows[column] != ""])

    shapes = sorted(measurements.shapes(rows).unique(), reverse=True)
    days = rows["date"].dropna()
    ends = [f"{end:%Y-%m-%d}" for end in pd.date_range(days.min(), days.max(), freq="ME")]
    ends = sorted({*ends, *([choice.as_of] if choice.as_of else [])})
    limits = sorted({*TTFT[1:], *([choice.ttft_limit] if choice.ttft_limit else [])})
    formats, software = there("precision"), there("framework")
    seconds = [(f"{number(limit)} s", limit) for limit in limits]
    return {
        "model": pick("model", there("model"), "model"),
        "shape": pick("shape", shapes, "tokens in/out"),
        "precision": pick("precision", _optional("best of each", formats), "precision"),
        "framework": pick("framework", _optional("best of each", software), "framework"),
        "speculation": pick("speculation", list(explorer.SOFTWARE), "speculation"),
        "disaggregation": pick("disaggregation", list(explorer.SOFTWARE), "disaggregation"),
        "single_node": pick("single_node", [("any", False), ("one node", True)], "deployment"),
        "ttft_limit": pick("ttft_limit", [("no limit", NOTHING), *seconds], "TTFT limit"),
        "as_of": pick("as_of", _optional("all rows", ends), "as of"),
        "tokens": pick("tokens", list(explorer.TOKENS), "tokens counted"),
        "power_edition": pick("power_edition", list(hardware.POWER_EDITIONS), "power edition"),
        "price": pick("price", list(explorer.PRICES), "prices"),
        "baseline": pick("baseline", [(_name(key), key) for key in accelerators], "baseline"),
        "baseline_software": pick("baseline_software", list(comparisons.BASELINES), "with"),
        "least": pick("least", list(explorer.LEAST), "best is least"),
        "shows": _dropdown(
            [(one.name, key) for key, one in QUANTITIES.items()], "tok_s_per_mw", "first chart"
        ),
        "fleet": _dropdown(["MW", "GPUs"], "MW" if choice.gpus is None else "GPUs", "fleet in"),
        **{
            f"is_{key}": ipw.Checkbox(
                value=key in choice.accelerators,
                description=_name(key),
                indent=False,
                layout={"width": "6.5em"},
            )
            for key in accelerators
        },
        "interactivity": _slider(choice.interactivity, (0, 3), "target, tok/s/user"),
        "megawatts": _slider(choice.megawatts, (-3, 4), "fleet, MW all-in"),
        "gpus": _slider(choice.gpus or 72, (0, 6), "fleet, GPUs"),
    }


def _dropdown(options, value, text):
    return ipw.Dropdown(
        options=options,
        value=value,
        description=text,
        layout={"width": "25em"},
        style={"description_width": "8.5em"},
    )


def _slider(value, decades, text):
    """Return a slider over numbers of two digits, and over the value that it is to stand at."""
    low, high = decades
    steps = np.geomspace(10.0**low, 10.0**high, (high - low) * 32 + 1)
    rounded = {float(f"{step:.2g}") for step in steps} | {value}
    if isinstance(value, int):
        rounded = {round(one) for one in rounded}
    return ipw.SelectionSlider(
        options=[(number(one, 4), one) for one in sorted(rounded)],
        value=value,
        description=text,
        style={"description_width": "11em"},
        layout={"width": "50em"},
    )


def _laid_out(controls) -> ipw.Widget:
    boxes = [one for key, one in controls.items() if key.startswith("is_")]
    slides = [controls[key] for key in ("interactivity", "megawatts", "gpus")]
    picks = [one for one in controls.values() if isinstance(one, ipw.Dropdown)]
    wrap = {"flex_flow": "row wrap"}
    return ipw.VBox([ipw.Box(picks, layout=wrap), ipw.Box(boxes, layout=wrap), *slides])


def _optional(nothing, values):
    return [(nothing, NOTHING), *((str(value), value) for value in values)]


def _accelerators(rows):
    """Return the accelerators of some rows, known ones first and in their order."""
    there = set(rows["hardware"])
    return [key for key in dict.fromkeys([*figures.NAMES, *sorted(there)]) if key in there]


def _colour(key):
    return f"var(--{key},{figures.colour(key)})"


def _name(key):
    return figures.NAMES.get(key, key)


def _or_dash(value):
    return number(value) if value == value else "–"
