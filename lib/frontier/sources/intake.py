"""New benchmark results in: fetched from the API, from a dump, or from files of one's own.

What comes in is read by the module that knows its form, judged row by row (what cannot be right
goes to quarantine with the reason) and as a whole (a column that means something else than
before refuses all of it), joined with what is there, and put in place at once with the old
state kept (see `data.snapshots`). Names that nobody here has seen pass, and are told.

>>> from frontier.sources import intake
>>> print(intake.refresh(models=["deepseek-r1"]))  # doctest: +SKIP
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from broadsheet import digests
from frontier.data import checks, measurements, paths, snapshots, tables
from frontier.data.columns import QUARANTINE_COLUMNS
from frontier.data.measurements import LIVE, RUN
from frontier.errors import DataError, UsageError
from frontier.sources import dump, inferencex, own, reading, web

API_ROOT = "https://inferencex.semianalysis.com/api/v1/"
DUMPS = "https://github.com/SemiAnalysisAI/InferenceX-app/releases"
MOST_QUESTIONS = 500  # of one refresh, which asks one a second
LEAST = 20  # rows or pairs from which on a whole is judged
# A source is refused when more of a model's rows than this cannot be right (in the rows that
# made the committed tables it was 0.7 %), ...
WRONG_SHARE = 0.2
# ... when throughput as a whole is not what the latencies give (the median there is 0.97), ...
FOLLOWS = (0.7, 1.3)
# ... when runs known before have other values than they had, as a whole, ...
SAME_VALUE = 1.05
# ... when the latency of whole requests is not TTFT and TPOT (0.93 to 1.30 there), ...
WHOLE = 1.5
# ... or when more than half of the rows of a model and shape that were there are gone, all of
# them, or the newest run is older than the newest was.
FEWER = 0.5
_VALUES = ["throughput_per_gpu", "output_throughput_per_gpu", "tpot", "ttft"]
ACCEPT = "if that is right, say --accept"


@dataclass
class Report:
    """What came in: rows in, added, changed and gone; those refused by reason; what to know."""

    table: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    gone: int = 0
    repeated: int = 0
    agentic: int = 0
    refused: Counter = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    snapshot: Path | None = None

    @property
    def moved(self) -> bool:
        """Whether the tables are other ones now."""
        return self.snapshot is not None

    def __str__(self):
        lines = [
            f"{self.table}: {self.rows:,} rows; {self.added:,} new, {self.changed:,} with other "
            f"values, {self.gone:,} gone"
        ]
        if self.repeated:
            lines.append(f"{self.repeated:,} rows repeat a run at its concurrency, one is kept")
        if self.agentic:
            lines.append(f"{self.agentic:,} rows are of agentic workloads and are left out")
        lines += [f"{n:,} rows to quarantine: {text}" for text, n in self.refused.most_common()]
        lines += [f"note: {text}" for text in self.warnings]
        before = f"the state before is kept in {self.snapshot}"
        lines.append(before if self.moved else "nothing changed")
        return "\n".join(lines)


@dataclass
class _Batch:
    """Raw rows as they came, each with where it is from, and the digests of what was read."""

    raw: list[pd.DataFrame] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    agentic: int = 0
    unknown: Counter = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def add(self, flat: inferencex.Flat, citation: str, inputs: dict[str, str]) -> "_Batch":
        self.raw.append(flat.rows.assign(citation=citation))
        self.inputs |= inputs
        self.agentic += flat.agentic
        self.unknown += flat.unknown
        return self


def refresh(
    *,
    source: str = "api",
    files: Iterable[Path] = (),
    since: date | None = None,
    models: Iterable[str] | None = None,
    client=None,
    accept: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Report:
    """Bring the live table up to date: its rows of the models that were asked for are replaced.

    Args:
        source: ``"api"`` asks InferenceX, ``"dump"`` reads `files`, a dump that was downloaded.
        files: the parts of a dump.
        since: replace only runs from this day on, and leave earlier ones as they are.
        models: keys of models, ours or the source's; all that there are by default.
        client: a `frontier.sources.web.Client` of the API.
        accept: take what is sound although the whole looks changed.
        tell: called with a line for each request.

    Raises:
        UsageError: for a model that the source does not have, or a dump without files.
        FrontierError, DataError: when the source cannot be reached or cannot be trusted; the
            tables are then as they were.
    """
    snapshots.recover()
    keys = None if models is None else {inferencex.MODELS.get(m, m) for m in models}
    batch = _asked(client, keys, since, tell) if source == "api" else _dumped(list(files), _Batch())
    if batch is None:
        return Report(LIVE, warnings=[f"nothing was run since {since}"])
    new, report = _judged(batch)
    if keys is not None:
        there = set(new["model"])
        if missing := sorted(keys - there):
            raise UsageError(f"no rows of {missing[0]}: there are {', '.join(sorted(there))}")
        new = new[new["model"].isin(keys)]
    if since is not None:
        new = new[~(new["date"] < pd.Timestamp(since))]

    def stays(table):
        others = ~table["model"].isin(new["model"])
        return others if since is None else others | (table["date"] < pd.Timestamp(since))

    return _join(report, batch, new, stays, accept=accept)


def import_files(
    files: Iterable[Path], /, *, said: Mapping[str, object] | None = None, accept: bool = False
) -> Report:
    """Add results that someone has as files: answers of the API, dumps, or one's own benchmarks.

    Public rows go to the live table, where a run that is there already gets the new values; own
    ones to the table ``own``, which no verdict uses. `said` is what the files of one's own do
    not say, by the names of `frontier.sources.own.SAID`. Raises as `refresh`.
    """
    snapshots.recover()
    files = [Path(file) for file in files]
    if missing := [file for file in files if not file.is_file()]:
        raise UsageError(f"{missing[0]} is not a file")
    told = {name: value for name, value in (said or {}).items() if value is not None}
    forms = {form: [file for file in files if _form(file) == form] for form in _FORMS}
    mine, public = forms.pop("own"), [file for some in forms.values() for file in some]
    if mine and public:
        raise UsageError(f"{mine[0]} is one's own and {public[0]} public: one at a time")
    if mine:
        return _import_own(mine, told, accept)
    if told:
        raise UsageError(f"--{next(iter(told))} is for results of one's own, not for public ones")
    batch = _Batch()
    for some in [*([file] for file in forms["dump"]), forms["part"]]:
        if some:
            _dumped(some, batch)
    for file in forms["answer"]:
        batch.add(inferencex.read_answer(file), inferencex.API_URL, {file.name: digests.file(file)})
    new, report = _judged(batch)
    ids = new["row_id"]
    return _join(report, batch, new, lambda table: ~table["row_id"].isin(ids), accept=accept)


# --- where rows come from -----------------------------------------------------------------


def _asked(client, keys, since, tell) -> _Batch | None:
    """Ask the API: what there is, then each model's newest state, and its history at every shape.

    The history has no container images; the newest state does. None where nothing is offered.
    A model that is new may have a name that nobody here knows: it is left out, aloud.
    """
    offered = _offered(client, keys, since)
    if not offered:
        return None
    batch = _Batch()
    for name, shapes in offered.items():
        asked = [("benchmarks", {"model": name})]
        for isl, osl in sorted(shapes):
            shape = {"model": name, "isl": str(isl), "osl": str(osl)}
            asked.append(("benchmarks/history", shape))
        for path, query in asked:
            try:
                answer = client.get(path, **query)
            except web.RefusedError:
                if name in inferencex.NAMES.values() or path != "benchmarks":
                    raise
                batch.warnings.append(
                    f"the API takes no model {name!r}, which it offers: nothing of it came in "
                    "(frontier.sources.inferencex.NAMES has the names that it takes)"
                )
                break
            flat = inferencex.flat(answer.value, file=answer.url)
            batch.add(flat, answer.url, {answer.url: hashlib.sha256(answer.body).hexdigest()})
            tell(f"{len(flat.rows):6,} rows  {answer.url}{'  (cached)' if answer.cached else ''}")
    if not batch.raw:
        raise DataError(client.root, "gave no rows of any model", remedy=batch.warnings[0])
    return batch


def _offered(client, keys, since) -> dict[str, set[tuple[int, int]]]:
    """Return what to ask for: the API's names of models, and the shapes of each."""
    answer = client.get("availability")
    rows = answer.value
    needed = ("model", "isl", "osl", "date")
    if not isinstance(rows, list) or not rows:
        raise DataError(answer.url, "expected a list of what there is", remedy=inferencex.CHANGED)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or any(name not in row for name in needed):
            problem = f"expected {', '.join(needed)}"
            raise DataError(answer.url, problem, row=number, remedy=inferencex.CHANGED)
    known = {inferencex.MODELS.get(str(row["model"]), str(row["model"])) for row in rows}
    if missing := sorted((keys or set()) - known):
        raise UsageError(f"the API has no {missing[0]}: there are {', '.join(sorted(known))}")
    offered: dict[str, set] = {}
    for number, row in enumerate(rows, start=1):
        theirs = str(row["model"])
        wanted = keys is None or inferencex.MODELS.get(theirs, theirs) in keys
        recent = since is None or str(row["date"])[:10] >= since.isoformat()
        if not (wanted and recent and row["isl"] and row["osl"]):  # agentic rows have no lengths
            continue
        shape = tuple(inferencex.number(row[way]) for way in ("isl", "osl"))
        if not all(length % 1 == 0 and 0 < length < 2**31 for length in shape):
            found = reading.shown(f"{row['isl']}/{row['osl']}")
            problem = f"expected lengths in tokens, found {found}"
            raise DataError(answer.url, problem, row=number, remedy=inferencex.CHANGED)
        name = inferencex.NAMES.get(theirs, theirs)
        offered.setdefault(name, set()).add(tuple(map(int, shape)))
    questions = sum(1 + len(shapes) for shapes in offered.values())
    if questions > MOST_QUESTIONS:
        problem = f"offers so much that it takes {questions:,} questions, at most {MOST_QUESTIONS}"
        raise DataError(answer.url, problem, remedy="name fewer with --models or --since")
    return offered


def _dumped(files: list[Path], batch: _Batch) -> _Batch:
    if not files:
        raise UsageError(f"--source dump needs the files of a dump: get one from {DUMPS}")
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file} is not a file; get a dump from {DUMPS}")
    if not dump.is_dump(sorted(files)[0]):
        raise DataError(sorted(files)[0], "is no dump of PostgreSQL's custom format and no zip")
    flat = inferencex.flat(dump.read(files), file=sorted(files)[0])
    return batch.add(flat, DUMPS, {file.name: digests.file(file) for file in files})


_FORMS = ("dump", "part", "answer", "own")


def _form(file: Path) -> str:
    """Return what a file is, one of `_FORMS`; an answer of the benchmarks API has metrics."""
    if ".zst.part" in file.name:
        return "part"
    if file.suffix.lower() != ".csv" and dump.is_dump(file):
        return "dump"
    with file.open("rb") as opened:
        start = opened.read(65536).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return "answer" if start.startswith(b"[") and b'"metrics"' in start else "own"


# --- judging ------------------------------------------------------------------------------


def _judged(batch: _Batch) -> tuple[pd.DataFrame, Report]:
    """Return tidy rows with the reason why one cannot be used, each run once, and a report."""
    raw = pd.concat(batch.raw, ignore_index=True)
    frame = inferencex.tidy(raw, source=LIVE, citation=raw["citation"])
    reason = raw["unreadable"]
    for found in (
        frame["reason"],
        checks.reasons(frame),
        measurements.problems(frame),
        checks.contradictions(frame, raw["median_e2el"].astype(float)),
        _of_latency(raw, frame),
        _of_power(raw, frame),
    ):
        reason = reason.where(reason != "", found)
    keys = measurements.run_keys(frame)
    frame = frame.assign(reason=reason, row_id=[f"{LIVE}-{key:016x}" for key in keys])
    # Of a run that came twice: a sound row, one with its image, the later one.
    order = np.lexsort((-np.arange(len(frame)), frame["image"] == "", frame["reason"] != ""))
    repeated = frame["row_id"].iloc[order].duplicated()
    unique = frame.iloc[order][~repeated].sort_values([*RUN, "row_id"], kind="stable")
    report = Report(LIVE, repeated=int(repeated.sum()), agentic=batch.agentic)
    report.refused = Counter(unique["reason"][unique["reason"] != ""])
    report.warnings = [*batch.warnings] + [
        f"nothing here reads {name!r}, which {n:,} rows have"
        for name, n in sorted(batch.unknown.items())
    ]
    energy = raw["joules_per_output_token"].notna()
    if unread := int((energy & ~inferencex.energy_is_sound(raw)).sum()):
        report.warnings.append(
            f"the energy of {unread:,} rows is not of all GPUs (schema before "
            f"{inferencex.POWER_SCHEMA}) or not valid, and is not read"
        )
    return unique.reset_index(drop=True), report


def _of_latency(raw, frame) -> pd.Series:
    """Return why the latency of a row's whole requests cannot be that of its tokens."""
    quotient = raw["median_e2el"].astype(float) / checks.request_latency(frame)
    # Of no rows at all a text is a number to pandas, and cannot be added to another.
    text = "the latency of whole requests is " + quotient.map("{:.3g}".format).astype("str")
    text += " times what TTFT and TPOT give"
    return text.where((quotient > WHOLE) | (quotient < 1 / WHOLE), "").astype("str")


def _of_power(raw, frame) -> pd.Series:
    """Return why a row's number per megawatt is of no edition of the power table that is known."""
    per_mw, name = raw["tput_per_mw"], frame["hardware"]
    kw = (raw["tput_per_gpu"] * 1000 / per_mw).where((per_mw > 0) & (raw["tput_per_gpu"] > 0))
    fits = kw.isna()
    for _, edition in tables.read("power").groupby("edition"):
        known = name.map(edition.set_index("hardware")["kw_per_gpu"])
        fits |= (kw / known - 1).abs() <= checks.POWER_TOLERANCE
    text = kw.map("its throughput per MW is of {:.3g} kW per GPU, ".format).astype("str")
    text += "which is " + name + "'s in no edition of the power table"
    text = text.mask(fits, "").mask(per_mw <= 0, "its throughput per MW is not positive")
    return text.astype("str")


Problems = Iterator[tuple[str, str | None]]


def _changes(new, old) -> Problems:
    """Yield where a model's rows as a whole do not mean what rows meant before, and the column."""
    for model, rows in new.groupby("model", sort=True):
        wrong = rows["reason"][rows["reason"] != ""]
        if len(rows) >= LEAST and len(wrong) > WRONG_SHARE * len(rows):
            first = Counter(wrong).most_common(1)[0][0]
            yield f"{len(wrong):,} of {len(rows):,} rows of {model} cannot be right: {first}", None
        sound = rows[rows["reason"] == ""]
        allowed = checks.closed_loop_throughput(sound, checks.request_latency(sound))
        follows = (sound["throughput_per_gpu"] / allowed).median()
        strange = follows < FOLLOWS[0] or follows > FOLLOWS[1]  # neither, where it is not known
        if len(sound) >= LEAST and strange:
            told = f"throughput of {model} is {follows:.3g} times what the latencies give"
            yield f"{told}, in the median: a unit or a meaning has changed", None
        before, after = (
            part.assign(run=measurements.run_keys(part)).drop_duplicates("run").set_index("run")
            for part in (old[old["model"] == model], sound)
        )
        ratios = (after[_VALUES] / before[_VALUES]).replace([np.inf, 0], np.nan)
        for column, ratio in ratios.items():
            known = ratio.dropna()
            typical = float(np.exp(np.log(known).median()))
            if len(known) >= LEAST and max(typical, 1 / typical) > SAME_VALUE:
                told = f"{len(known):,} runs of {model} known before have {typical:.3g} times the"
                yield f"{told} value, in the median: its meaning has changed", column


def _losses(rows, old) -> Problems:
    """Yield where most of what a model had at a shape is gone, or its newest runs are.

    `old` are the rows that were there and `rows` those that would be, of the same models.
    """
    keys = ["model", "isl", "osl"]
    had, has = old.groupby(keys).size(), rows.groupby(keys).size()
    for (model, isl, osl), count in had.items():
        left = int(has.get((model, isl, osl), 0))
        if left == 0 or (count >= LEAST and left < FEWER * count):
            yield f"has {left:,} rows of {model} at {isl}/{osl} in the place of {count:,}", None
    last = rows.groupby("model")["date"].max()
    for model, day in old.groupby("model")["date"].max().items():
        if last[model] < day:
            told = f"ends {model} on {last[model]:%Y-%m-%d}, and here are runs of {day:%Y-%m-%d}"
            yield told, None


def _unseen(new, old) -> list[str]:
    """Return in words which names no row here had before."""
    told = []
    for column in ("model", "hardware", "framework", "precision"):
        counts = new[column][~new[column].isin(old[column].unique())].value_counts()
        told += [f"{column} {name!r} is new here ({n:,} rows)" for name, n in counts.items()]
    without = set(new["hardware"]) - set(tables.read("power")["hardware"])
    unknown = "no power is known of {!r}: it is in no number per MW"
    return told + [unknown.format(name) for name in sorted(without)]


# --- into place ---------------------------------------------------------------------------


@snapshots.alone()
def _join(report, batch, new, stays, *, accept) -> Report:
    """Join new rows with those that stay, and put both tables in place if anything changed.

    `stays` marks the rows of a table, the live one or the quarantine, that are kept.
    """
    refused = tables.read("quarantine")
    old = tables.read(LIVE) if tables.has(LIVE) else refused.drop(columns="reason").head(0)
    everything, where = measurements.load_measurements(), next(iter(batch.inputs))
    usable = new[new["reason"] == ""].drop(columns="reason")
    # A sound row is displaced by a sound one only, and keeps its image where the new one has none.
    damaged = set(new["row_id"]) - set(usable["row_id"])
    kept = stays(old) | old["row_id"].isin(damaged)
    images = everything.loc[everything["image"] != "", "image"]
    images.index = measurements.run_keys(everything.loc[images.index])
    known = measurements.run_keys(usable).map(images[~images.index.duplicated()]).fillna("")
    usable = usable.assign(image=usable["image"].where(usable["image"] != "", known.astype("str")))
    rows = measurements.typed(pd.concat([old[kept], usable], ignore_index=True))
    wrong = chain(_changes(new, everything), _losses(rows, old))
    for problem, column in () if accept else wrong:
        raise DataError(where, problem, column=column, remedy=ACCEPT)
    report.warnings += _unseen(usable, everything)
    low = checks.regressed(rows) & rows["caveat"].isin(["", "regressed"])
    caveat = rows["caveat"].where(rows["caveat"] != "regressed", "").mask(low, "regressed")
    rows = rows.assign(caveat=caveat).sort_values([*RUN, "row_id"], kind="stable")
    others = refused[stays(refused) | (refused["source"] != LIVE)]
    quarantine = pd.concat([others, new[new["reason"] != ""]], ignore_index=True)
    quarantine = measurements.typed(quarantine, QUARANTINE_COLUMNS)
    _count(report, old, rows)
    if rows.reset_index(drop=True).equals(old) and quarantine.equals(refused):
        return report
    about = tables.meta("quarantine")
    about["inputs"] = about.get("inputs", {}) | batch.inputs
    about["columns"] = measurements.column_sidecars(QUARANTINE_COLUMNS)
    made = {"quarantine": (quarantine, about)}
    if len(rows) or tables.has(LIVE):
        made[LIVE] = rows, _about_live(rows) | _made_of(LIVE, batch.inputs, joined=kept.any())
    else:
        report.warnings.append("no row of it can be used: all are in quarantine, with the reason")
    report.snapshot = snapshots.place(made)
    return report


def _count(report, old, rows) -> None:
    """Count what is new, other and gone, by the rows' ids, which say which run they are."""
    was, now = old.set_index("row_id"), rows.set_index("row_id")
    both = was.index.intersection(now.index)
    before, after = was.loc[both, _VALUES], now.loc[both, _VALUES]
    other = before.ne(after) & ~(before.isna() & after.isna())
    report.rows, report.added = len(rows), len(now.index.difference(was.index))
    report.gone, report.changed = len(was.index.difference(now.index)), int(other.any(axis=1).sum())


def _made_of(name, inputs, *, joined, columns=measurements.COLUMNS) -> dict:
    """Return what a sidecar says of the making: `joined` to the inputs of what was there."""
    inputs = (tables.meta(name).get("inputs", {}) if joined else {}) | inputs
    columns = measurements.column_sidecars(columns)
    return {"inputs": dict(sorted(inputs.items())), "columns": columns}


def _about_live(rows) -> dict:
    first, last = (f"{day:%Y-%m-%d}" for day in (rows["date"].min(), rows["date"].max()))
    return {
        "title": "InferenceX, all runs",
        "producer": "SemiAnalysis (InferenceX)",
        "citation": f"SemiAnalysis InferenceX benchmark results, {first} to {last}; each row's "
        "run_url leads to its run",
        "url": API_ROOT.partition("api/")[0],
        "accessed": date.today().isoformat(),
        "published": last,
        "licence": "Benchmark facts by SemiAnalysis InferenceX. Apache-2.0 is the exporter's own "
        "statement on its data exports.",
        "provenance": "Made by 'frontier data refresh' or 'import'; inputs are the addresses or "
        "files that were read, with the sha256 of what they held. One row a run at a concurrency. "
        "Output throughput of disaggregated rows is stated per decode GPU by the source and is "
        "recomputed over all GPUs.",
    }


@snapshots.alone()
def _import_own(files, said, accept) -> Report:
    """Add one's own rows: of a series, a run that is there already gets the new values."""
    report = Report(own.SOURCE)
    new = own.read(files, said, accept=accept, tell=report.warnings.append)
    keys = ["row_id"]
    old = tables.read(own.SOURCE) if tables.has(own.SOURCE) else new.head(0)
    report.repeated = int(new.duplicated(keys).sum())
    new = new.drop_duplicates(keys, keep="last")
    rows = pd.concat([old[~old["row_id"].isin(new["row_id"])], new], ignore_index=True)
    rows = rows.sort_values(["label", *RUN, "row_id"], kind="stable", ignore_index=True)
    _count(report, old, rows)
    report.warnings += _unseen(new, measurements.load_measurements())
    if rows.equals(old):
        return report
    inputs = {file.name: digests.file(file) for file in files}
    about = {
        "title": "Own results, not public",
        "producer": ", ".join(sorted(rows["label"].unique())),
        "citation": "Own benchmark results, imported by whoever built this site",
        "url": "",
        "accessed": date.today().isoformat(),
        "licence": "Not said. They are in no verdict.",
        **_made_of(own.SOURCE, inputs, joined=len(old) > 0, columns=own.COLUMNS),
    }
    report.snapshot = snapshots.place({own.SOURCE: (rows, about)})
    return report


def cache() -> Path:
    """Return the folder in which answers of the API are kept."""
    return paths.root() / ".frontier" / "cache" / "http"
