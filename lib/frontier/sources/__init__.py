"""From public sources and one's own results to the tables of the project.

`make_tables` remakes the committed tables from a folder of downloads: each script in
``data/make/`` reads one of them, and what the sources have in common is done here. `intake`
brings in what is new since. What the files are and where to get them is in
``data/README.md``. The prose of each sidecar is kept by hand in the data folder; hashes, row
counts and inputs are filled in here.

A script has ``FILES``, the patterns of the downloads of each table it makes, and ``make(table,
files)``, which returns the finished table; for measured points the columns of
`data.measurements` and ``reason``, empty where a row can be used. It may have ``settle(frame,
others)``, which sees the other sources' points before its own are final.

>>> from pathlib import Path
>>> from frontier import sources
>>> print(sources.make_tables(Path("downloads")))  # doctest: +SKIP
"""

import importlib.util
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType

import pandas as pd

from broadsheet import digests
from frontier.data import checks, measurements, paths, snapshots, tables
from frontier.data.columns import QUARANTINE_COLUMNS
from frontier.errors import UsageError
from frontier.sources import inferencex

# The same run may be in several sources: the first of these is kept.
PRECEDENCE = (
    "inferencex_captures",
    "inferencemax_ci_2025_12",
    "inferencemax_2025_10",
    "inferencex_posts",
    "aiconfigurator_silicon",
)


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


def scripts() -> dict[str, ModuleType]:
    """Return the scripts of ``data/make/``, run, by name."""
    found = {}
    for path in sorted((paths.data() / "make").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"make_{path.stem}", path)
        found[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[path.stem])
    return found


@snapshots.alone()
def make_tables(downloads: Path) -> Report:
    """Make every table whose download is in a folder, and put all in place once all are sound.

    Tables whose download is absent are named in the report and left as they are. UsageError
    when nothing is found; DataError, with the tables untouched, when a download or a result is
    damaged.
    """
    report, made, files, settle = Report(), {}, {}, {}
    for script in scripts().values():
        for name, patterns in script.FILES.items():
            there = sorted(path for pattern in patterns for path in downloads.glob(pattern))
            if not there:
                report.missing.append(f"{' or '.join(patterns)} in {downloads} for table {name}")
                continue
            made[name], files[name] = script.make(name, there), there
            settle[name] = getattr(script, "settle", None)
    if not made:
        raise UsageError(f"no known download in {downloads}: see data/README.md")
    points = {name: made.pop(name) for name in measurements.SOURCES if name in made}
    made |= _points(points, settle, report)
    makers = {name for script in scripts().values() for name in script.FILES}
    if {*points} == makers & {*measurements.SOURCES}:  # others are kept by hand
        files["quarantine"] = [path for name in points for path in files[name]]
        live = tables.read("quarantine").query("source == @measurements.LIVE")
        made["quarantine"] = pd.concat([made["quarantine"], live], ignore_index=True)
    else:
        made.pop("quarantine", None)
        report.notes.append("quarantine not made: it needs all sources of measured points")
    snapshots.place({name: (frame, _about(name, files[name])) for name, frame in made.items()})
    report.made = {name: len(frame) for name, frame in sorted(made.items())}
    return report


def _points(points, settle, report) -> dict[str, pd.DataFrame]:
    """Return the tidy tables of measured points and the quarantine."""
    for name, frame in points.items():
        frame = corrected(name, frame, report)
        reason = frame["reason"].where(frame["reason"] != "", checks.reasons(frame))
        points[name] = frame.assign(reason=reason)
    for name in [name for name in points if settle[name]]:
        others = {other: frame for other, frame in points.items() if other != name}
        points[name], note = settle[name](points[name], others)
        report.notes.append(note)
    made, refused = {}, []
    for name, frame in _distinct(points, report).items():
        usable = frame[frame["reason"] == ""].drop(columns="reason")
        low = checks.regressed(usable) & (usable["caveat"] == "")
        made[name] = usable.assign(caveat=usable["caveat"].mask(low, "regressed"))
        refused.append(frame[frame["reason"] != ""])
        report.notes.append(f"{name}: {len(refused[-1])} rows to quarantine")
    if refused:
        made["quarantine"] = pd.concat(refused, ignore_index=True)
    return made


def corrected(name: str, frame: pd.DataFrame, report: Report) -> pd.DataFrame:
    """Return rows with the values that the table ``corrections`` has for them.

    A correction is made where the row has the throughput and the old value that it names; how
    many are made and how many do not fit their row is noted in the report.
    """
    known = tables.read("corrections").query("source == @name") if len(frame) else ()
    frame, rows, unfit = frame.copy(), set(), []
    for fix in known.itertuples() if len(known) else ():
        kind = frame[fix.column].dtype
        old, new = (v == "True" if kind.kind == "b" else kind.type(v) for v in (fix.old, fix.new))
        fits = (frame["row_id"] == fix.row_id) & (frame[fix.column] == old)
        fits &= (frame["throughput_per_gpu"] / fix.throughput_per_gpu - 1).abs() < 1e-5
        frame.loc[fits, fix.column] = new
        (rows.add if fits.any() else unfit.append)(fix.row_id)
    if rows:
        report.notes.append(f"{name}: {len(rows)} rows corrected")
    if unfit:
        text = f"{len(unfit)} corrections do not fit their row, the first of {unfit[0]}"
        report.notes.append(f"{name}: {text}; they are not made")
    return frame


def _distinct(tidy, report) -> dict[str, pd.DataFrame]:
    """Drop rows of a configuration, concurrency and day that an earlier row has.

    In quarantine, where the configuration is not fully known, the time per token decides; of
    rows without a day, of which there may be several, the throughput.
    """
    order = [n for n in PRECEDENCE if n in tidy] + [n for n in tidy if n not in PRECEDENCE]
    both = pd.concat([tidy[name] for name in order])
    keys = [*measurements.SETTING, "concurrency", "date", "date_to"]
    tpot = inferencex.significant(both["tpot"], 5).where(both["reason"] != "", 0)
    rate = both["throughput_per_gpu"].where(measurements.known_by(both).isna(), 0)
    same = both[keys].assign(tpot=tpot, rate=rate).duplicated()
    for name in order:
        if count := int(same[both["source"] == name].sum()):
            report.notes.append(f"{name}: {count} rows are repeated")
    kept = both[~same]
    return {name: kept[kept["source"] == name].reset_index(drop=True) for name in tidy}


def _about(name, files) -> dict:
    """Return the sidecar: prose as committed, inputs as read, `accessed` as it follows."""
    sidecar = tables.meta(name)
    used = {path.name: digests.file(path) for path in files}
    if used != sidecar.get("inputs") and sidecar.get("inputs"):
        newest = max(path.stat().st_mtime for path in files)
        sidecar["accessed"] = date.fromtimestamp(newest).isoformat()
    if name in measurements.SOURCES:
        sidecar["columns"] = measurements.column_sidecars()
    if name == "quarantine":
        sidecar["columns"] = measurements.column_sidecars(QUARANTINE_COLUMNS)
    return sidecar | {"inputs": used}


__all__ = ["Report", "make_tables", "scripts"]
