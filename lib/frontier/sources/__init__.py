"""From public sources and one's own results to the tables of the project.

`make_tables` is what made the committed tables, and remakes them from a folder of your own
downloads; `intake` brings in what is new since. One module knows one source or form; `checks`
knows which rows cannot be used, and `snapshots` puts tables in place. What the files are and
where to get them is in ``data/README.md``. The prose of each sidecar is kept by hand in the
data folder; hashes, row counts and inputs are filled in here.

>>> from pathlib import Path
>>> from frontier import sources
>>> print(sources.make_tables(Path("downloads")))  # doctest: +SKIP
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from frontier.data import checks, measurements, snapshots, tables
from frontier.errors import UsageError
from frontier.sources import inferencex, mlperf, raw, silicon, trtllm

# What is looked for, by table: the patterns of the files it is made from.
INPUTS = {
    "inferencex_captures": ("inferencex_api*.csv*", "inferencex_api*.json"),
    "inferencex_medians_2026_07": ("inferencex_medians_2026-07.csv*",),
    "inferencex_posts": ("inferencex_posts.csv*",),
    "aiconfigurator_silicon": ("aiconfigurator_core-*.whl", "silicon_sample.csv"),
    "mlperf": ("mlperf_results.csv*",),
    "trtllm_throughput": ("trtllm_perf_overview.csv*",),
    "changes": ("inferencex_changes.csv*",),
}
NUMBERS = {
    "inferencex_captures": ("isl", "osl", "conc", "tput_per_gpu", "median_tpot", "median_ttft"),
    "inferencex_medians_2026_07": ("isl", "osl", "conc", "tput_per_gpu", "median_tpot", "gpus"),
    "inferencex_posts": ("conc", "tput_per_gpu", "median_tpot"),
    "aiconfigurator_silicon": ("isl", "osl", "silicon_ttft_ms", "silicon_tpot_ms"),
    "mlperf": ("accelerators", "result"),
    "trtllm_throughput": ("isl", "osl", "gpus", "output_tok_s_per_gpu"),
    "changes": ("pull_request",),
}
SIMPLE = {"mlperf": mlperf.tidy, "trtllm_throughput": trtllm.tidy, "changes": inferencex.changes}
# The same run may be in several sources: the first of these is kept.
PRECEDENCE = ("inferencex_captures", "inferencex_posts", "aiconfigurator_silicon")


@dataclass
class Report:
    """What was made (rows per table), what was not found, and what was left out and why."""

    made: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self):
        lines = [f"{name}: {rows} rows" for name, rows in self.made.items()]
        lines += [f"not made, no {text}" for text in self.missing]
        return "\n".join([*lines, *self.notes])


def make_tables(downloads: Path) -> Report:
    """Make every table whose download is in a folder, and put all in place once all are sound.

    Tables whose download is absent are named in the report and left as they are. UsageError
    when nothing is found; DataError, with the tables untouched, when a download or a result is
    damaged.
    """
    with snapshots.alone():
        return _made(Path(downloads))


def _made(downloads) -> Report:
    report, frames, inputs = Report(), {}, {}
    for name, patterns in INPUTS.items():
        inputs[name] = sorted(p for pattern in patterns for p in downloads.glob(pattern))
        if inputs[name]:
            frames[name] = _read(name, inputs[name])
        else:
            report.missing.append(f"{' or '.join(patterns)} in {downloads} for table {name}")
    if not frames:
        raise UsageError(f"no known download in {downloads}: see data/README.md")
    made = {name: SIMPLE[name](frames[name]) for name in SIMPLE if name in frames}
    points = {name: f for name, f in frames.items() if name in measurements.SOURCES}
    made |= _points(points, report)
    if {*points, measurements.LIVE} == {*measurements.SOURCES}:
        inputs["quarantine"] = [path for name in points for path in inputs[name]]
        live = tables.read("quarantine").query("source == @measurements.LIVE")
        made["quarantine"] = pd.concat([made["quarantine"], live], ignore_index=True)
    else:
        made.pop("quarantine", None)
        report.notes.append("quarantine not made: it needs all sources of measured points")
    snapshots.place({name: (frame, _about(name, inputs[name])) for name, frame in made.items()})
    report.made = {name: len(frame) for name, frame in sorted(made.items())}
    return report


def _read(name, files) -> pd.DataFrame:
    frames = []
    for path in files:
        if path.suffix == ".json":
            frames.append(inferencex.read_api(path))
        elif path.suffix == ".whl":
            frames.append(silicon.read(path))
        else:
            frames.append(raw.read_csv(path, numbers=NUMBERS[name]))
    return pd.concat(frames, ignore_index=True)


def _points(frames, report) -> dict[str, pd.DataFrame]:
    """Return the tidy tables of measured points and the quarantine."""
    tidiers = {
        "inferencex_captures": inferencex.captures,
        "inferencex_medians_2026_07": inferencex.medians,
        "inferencex_posts": inferencex.posts,
        "aiconfigurator_silicon": silicon.tidy,
    }
    tidy = {name: tidiers[name](frame) for name, frame in frames.items()}
    for name, frame in tidy.items():
        frame["reason"] = frame["reason"].where(frame["reason"] != "", checks.reasons(frame))
        if name == "aiconfigurator_silicon":
            tidy[name] = _silicon(frame, frames, tidy, report)
    made, refused = {}, []
    for name, frame in _distinct(tidy, report).items():
        usable = frame[frame["reason"] == ""].drop(columns="reason")
        low = checks.regressed(usable) & (usable["caveat"] == "")
        made[name] = usable.assign(caveat=usable["caveat"].mask(low, "regressed"))
        refused.append(frame[frame["reason"] != ""])
        report.notes.append(f"{name}: {len(refused[-1])} rows to quarantine")
    if refused:
        made["quarantine"] = pd.concat(refused, ignore_index=True)
    return made


def _silicon(frame, frames, tidy, report):
    rows = len(frame)
    if "inferencex_captures" in frames:
        frame = silicon.without_captured(frame, frames["inferencex_captures"])
        report.notes.append(f"aiconfigurator_silicon: {rows - len(frame)} rows are in the captures")
    if "inferencex_medians_2026_07" in tidy:
        far = checks.against_medians(frame, tidy["inferencex_medians_2026_07"])
        frame = frame.assign(reason=frame["reason"].where(frame["reason"] != "", far))
    return frame


def _distinct(tidy, report) -> dict[str, pd.DataFrame]:
    """Drop rows of a configuration, concurrency and day that an earlier row has.

    In quarantine, where the configuration is not fully known, the time per token decides.
    """
    order = [n for n in PRECEDENCE if n in tidy] + [n for n in tidy if n not in PRECEDENCE]
    both = pd.concat([tidy[name] for name in order])
    keys = [*measurements.SETTING, "concurrency", "date"]
    tpot = inferencex.significant(both["tpot"], 5).where(both["reason"] != "", 0)
    same = both[keys].assign(tpot=tpot).duplicated()
    for name in order:
        if count := int(same[both["source"] == name].sum()):
            report.notes.append(f"{name}: {count} rows are repeated")
    kept = both[~same]
    return {name: kept[kept["source"] == name].reset_index(drop=True) for name in tidy}


def _about(name, files) -> dict:
    """Return the sidecar: prose as committed, inputs as read, `accessed` as it follows."""
    sidecar = tables.meta(name)
    used = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    if used != sidecar.get("inputs") and sidecar.get("inputs"):
        newest = max(path.stat().st_mtime for path in files)
        sidecar["accessed"] = date.fromtimestamp(newest).isoformat()
    if name in measurements.SOURCES or name == "quarantine":
        sidecar["columns"] = measurements.column_sidecars() | (
            {"reason": {"dtype": "string", "unit": "", "description": "why it is not used"}}
            if name == "quarantine"
            else {}
        )
    return sidecar | {"inputs": used}


__all__ = ["INPUTS", "Report", "make_tables"]
