"""The ``frontier`` command: build the site, ask a notebook for its parameters, read the claims.

It parses arguments, hands the parts of the library to each other, and turns a FrontierError
into one line and an exit code: 0 all well, 1 something failed, 2 wrong usage. Imports are
where they are used, so that ``frontier --help`` does not wait for pandas.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
from datetime import date
from pathlib import Path

from frontier.data import paths
from frontier.errors import FrontierError, UsageError
from frontier.site.parameters import choices


def main(argv=None) -> int:
    """Run the command with these arguments, ``sys.argv``'s by default; return the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        # What stops a container or a job of a cluster is an interrupt like any other.
        with contextlib.suppress(ValueError):  # not called from the main thread
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (a pager, head) has seen enough; nor must Python's last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except FrontierError as error:
        print("frontier:", " ".join(str(error).split()), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        told = "interrupted; the site is as it was, what is finished is kept"
        print(f"frontier: {told}", file=sys.stderr)
        return 130


# Imported once, and there when a kernel is forked: modules whose import has no effect on others.
_PRELOAD = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "seaborn",
    "frontier.explorer.widget",
    "frontier.figures.movements",
    "frontier.figures.levers",
    "frontier.figures.shares",
    "frontier.figures.updates",
    "frontier.figures.validation",
)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line like all others."""

    def error(self, message):
        raise UsageError(f"{message} (see {self.prog} --help)")


def _parser():
    parser = _Parser(prog="frontier", description=__doc__.partition(":")[2].partition("\n")[0])
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="run what is not fresh and make the site")
    _add_request(build)
    _add_options(build)
    build.set_defaults(run=_build)

    sweep = commands.add_parser("sweep", help="build one report with many sets of parameters")
    sweep.add_argument("name", metavar="NAME")
    sweep.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="name=v1,v2,...",
        help="values of a parameter; with several, every combination",
    )
    sweep.add_argument(
        "--from-csv", type=Path, metavar="FILE", help="a set a row, columns are parameters"
    )
    sweep.add_argument("--show", metavar="QUANTITY", help="what the comparison draws")
    _add_site(sweep, "a folder of exploration/")
    _add_options(sweep)
    sweep.set_defaults(run=_sweep)

    site = commands.add_parser("site", help="copy the built site, with its data, for a static host")
    site.add_argument(
        "--out", type=Path, metavar="DIR", help="a folder of its own; site/ if not said"
    )
    site.add_argument("--url", metavar="URL", help="where it will be served")
    site.set_defaults(run=_site)

    status = commands.add_parser("status", help="show what is fresh, stale or failed, and why")
    _add_request(status)
    status.set_defaults(run=_status)

    diff = commands.add_parser("diff", help="show what moved between two sites, and why")
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.add_argument("--html", type=Path, metavar="FILE", help="write it as a page, too")
    diff.set_defaults(run=_diff)

    moved = commands.add_parser("moved", help="show what moved since the last state of the data")
    moved.add_argument(
        "old", nargs="?", metavar="OLD", help="a snapshot's name or folder; the newest if not said"
    )
    moved.add_argument("--json", action="store_true", help="as the record that is kept of it")
    moved.set_defaults(run=_moved)

    params = commands.add_parser("params", help="show what can be set in a notebook")
    params.add_argument("name", metavar="NAME")
    params.set_defaults(run=_params)

    claims = commands.add_parser("claims", help="show the claims and their verdicts")
    claims.add_argument("--json", action="store_true", help="as verdicts.json")
    claims.set_defaults(run=_claims)

    new = commands.add_parser("new", help="add a claim of your own: ledger row, report and test")
    _add_claim(new)
    new.set_defaults(run=_new)

    data = commands.add_parser("data", help="check, refresh or make the tables, or add results")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    refresh = actions.add_parser("refresh", help="fetch new public benchmark results")
    refresh.add_argument(
        "--source", choices=("api", "dump"), default="api", help="ask InferenceX, or read a dump"
    )
    refresh.add_argument(
        "--file",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a part of a downloaded dump; repeatable",
    )
    refresh.add_argument("--since", type=_day, metavar="DATE", help="only runs from this day on")
    refresh.add_argument("--models", nargs="+", metavar="MODEL", help="only these; all if not said")
    refresh.add_argument("--url", metavar="URL", help="another address of the same API")
    _add_accept(refresh)
    refresh.set_defaults(run=_refresh)
    add = actions.add_parser("import", help="add results from files: public ones or one's own")
    add.add_argument("files", type=Path, nargs="+", metavar="FILE")
    _add_accept(add)
    _add_said(add)
    add.set_defaults(run=_import)
    verify = actions.add_parser("verify", help="check every table against its sidecar")
    verify.set_defaults(run=_verify)
    make = actions.add_parser("make", help="make the tables from downloads of their sources")
    make.add_argument("downloads", type=Path, metavar="DOWNLOADS")
    make.set_defaults(run=_make)
    return parser


def _add_accept(parser):
    parser.add_argument(
        "--accept", action="store_true", help="take what is sound although the whole looks changed"
    )


def _add_said(parser):
    """Add an option for each thing that one's own results may not say themselves."""
    said = parser.add_argument_group("what the files of one's own results do not say")
    for name, (kind, words) in _SAID.items():
        option = "--" + name.replace("_", "-")
        if kind is bool:
            said.add_argument(
                option, action=argparse.BooleanOptionalAction, default=None, help=words
            )
        else:
            kind = _positive if kind is int else str
            said.add_argument(option, type=kind, metavar=name.upper(), help=words)


# What can be said of one's own results; `frontier.sources.own.SAID` is the same, behind pandas.
_SAID = {
    "label": (str, "name of the series on figures"),
    "model": (str, "such as deepseek-r1"),
    "hardware": (str, "accelerator, such as h200"),
    "framework": (str, "serving software, such as vllm"),
    "precision": (str, "number format of the weights, such as fp8"),
    "speculative": (bool, "with multi-token prediction or a draft model"),
    "disaggregated": (bool, "prefill and decode on GPUs of their own"),
    "gpus": (int, "all GPUs of the deployment, prefill and decode"),
    "prefill_gpus": (int, "those for prefill, where it is disaggregated"),
    "decode_gpus": (int, "those for decode, where it is disaggregated"),
    "tp": (int, "tensor-parallel size of a decode worker, in GPUs"),
    "ep": (int, "its expert-parallel size, in GPUs"),
    "dp_attention": (bool, "attention is data-parallel"),
    "isl": (int, "input tokens of a request, nominal"),
    "osl": (int, "output tokens of a request, nominal"),
    "concurrency": (int, "requests in flight at a time"),
    "date": (str, "day of the run, such as 2026-03-31"),
    "run_url": (str, "address of the run's log"),
    "image": (str, "container image"),
}


def _add_claim(parser):
    parser.add_argument("id", metavar="CLAIM", help="its id: small letters, digits and hyphens")
    sides = {"nargs": "+", "action": "append", "metavar": "column=value", "required": True}
    parser.add_argument(
        "--statement", required=True, help="the claim as a sentence with its number"
    )
    parser.add_argument("--value", type=float, required=True, help="the claimed number")
    parser.add_argument("--unit", required=True, help="its unit, such as 'x tok/s/MW'")
    parser.add_argument("--form", help="gain (at least; if not said) or drop (within 1.25x)")
    parser.add_argument("--source", required=True, metavar="URL", help="where it is stated")
    parser.add_argument("--source-title", help="what that is; its host if not said")
    parser.add_argument("--date", type=_day, required=True, help="day it was stated: 2026-03-31")
    parser.add_argument("--point", help="the operating point, as far as it is stated")
    parser.add_argument("--quantity", help="what is computed, in a sentence")
    parser.add_argument("--decides", help="the evidence that would decide it")
    parser.add_argument("--report", metavar="NN_NAME", help="its notebook; the next number")
    parser.add_argument("--title", help="the report's short name in the navigation")
    parser.add_argument(
        "--numerator", **sides, help="rows of the better system, such as hardware=gb200; repeatable"
    )
    parser.add_argument("--denominator", **sides, help="rows of the baseline; as often")
    parser.add_argument("--name", action="append", dest="names", help="of a comparison; as often")
    parser.add_argument(
        "--shape",
        action="append",
        dest="shapes",
        metavar="ISL/OSL",
        help="input and output tokens of a request; repeatable; all three",
    )
    parser.add_argument(
        "--metric", help="throughput_per_gpu, if not said, or output_throughput_per_gpu"
    )
    parser.add_argument("--per", help="GPU or MW; what the unit names")
    parser.add_argument("--power-edition", help="of the power table, for MW; 2025")
    parser.add_argument("--floor", type=float, help="least tok/s/GPU of a denominator; 100")


def _add_request(parser):
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="03, 03_name or 03_name.ipynb; all"
    )
    _add_site(parser, "reports/, with --set exploration/")


def _add_site(parser, where):
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="name=value",
        dest="settings",
        help="a parameter, in every named notebook that has it; repeatable",
    )
    parser.add_argument("--out", type=Path, help=f"folder of the site; {where}")


def _add_options(parser):
    parser.add_argument("--workers", type=_positive, help="notebooks at a time; one a core")
    parser.add_argument(
        "--executor", default="local", metavar="local|dask://HOST:PORT", help="who runs them"
    )
    parser.add_argument(
        "--time-limit", type=_seconds, default=600.0, metavar="SECONDS", help="for each notebook"
    )
    parser.add_argument(
        "--shard", type=_shard, metavar="I/N", help="only every Nth page from the Ith on"
    )
    parser.add_argument("--force", action="store_true", help="run what is fresh, too")
    parser.add_argument("--cold", action="store_true", help="start every kernel afresh, fork none")


def _build(arguments):
    from broadsheet import build

    failed = build.build(arguments.names, **_work(arguments))
    return 1 if failed else 0


def _sweep(arguments):
    from broadsheet import sweep

    grid = [(name, text.split(",")) for name, text in map(_pair("--grid"), arguments.grid)]
    failed = sweep.sweep(
        arguments.name, grid=grid, rows=arguments.from_csv, show=arguments.show, **_work(arguments)
    )
    return 1 if failed else 0


def _work(arguments):
    """Return what a build and a sweep are told alike."""
    return {
        "settings": _settings(arguments),
        "out": arguments.out,
        "shard": arguments.shard,
        "choices": choices,
        "facts": _facts,
        "options": _options(arguments),
    }


def _status(arguments):
    from broadsheet import build

    steps = build.status(
        arguments.names, settings=_settings(arguments), out=arguments.out, choices=choices
    )
    rows = [
        (step.request.entry.notebook, step.state, step.action, "; ".join(step.why))
        for step in steps
    ]
    _print_table([("report", "state", "to do", "why"), *rows])
    return 0


def _diff(arguments):
    from broadsheet import diff

    found = diff.diff(arguments.old, arguments.new)
    print(diff.text(found))
    if arguments.html:
        from broadsheet import pages

        page = pages.difference(found, str(arguments.old), str(arguments.new))
        try:
            arguments.html.write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{arguments.html} cannot be written: {error.strerror}") from error
    return 0


def _moved(arguments):
    from broadsheet import build, diff
    from frontier import claims
    from frontier.data import measurements, tables
    from frontier.site import moved, refreshes, verdicts

    place = refreshes.snapshot(arguments.old)
    steps = build.status(choices=choices)
    if any(s.state == "never built" or any(w.startswith("data ") for w in s.why) for s in steps):
        raise UsageError("reports/ is not built of these tables: run 'frontier build' first")
    old, new = (measurements.load_measurements(folder=f) for f in (place / "data", paths.data()))
    before, after = (refreshes.state(f, r) for f, r in ((place / "data", old), (paths.data(), new)))
    if before["digest"] == after["digest"]:
        print("the measured rows are those of the snapshot: nothing moved", file=sys.stderr)
        if arguments.json:
            print("null")
        return 0
    records = verdicts.load(paths.reports())
    had = (place / "reports" / "verdicts.json").is_file()
    found = diff.diff(place / "reports", paths.reports()) if had else None
    record = refreshes.record(
        (old, before),
        (new, after),
        refreshed=refreshes.moment(place, after),
        changes=tables.read("changes"),
        difference=found,
        near=moved.near(records, claims.bounds(), moved.checks(paths.reports(), records)),
    )
    file = refreshes.keep(record)
    build.index(facts=_facts)
    told = refreshes.text(record)
    print(json.dumps(record, indent=1, ensure_ascii=False) if arguments.json else told)
    print(f"kept in {file}; the page is {paths.reports() / 'moved.html'}", file=sys.stderr)
    return 0


def _news():
    """Return what moved in each refresh of which there is a record, as the pages tell it."""
    from broadsheet.pages import News
    from frontier.site import refreshes

    return tuple(
        News(
            refreshes.identity(record),
            record,
            refreshes.summary(record),
            refreshes.headlines(record),
            refreshes.rows(record),
            () if place else tuple(refreshes.exhibits(record)),
        )
        for place, record in enumerate(refreshes.records())
    )


def _settings(arguments):
    settings = {}
    for name, text in map(_pair("--set"), arguments.settings):
        settings.setdefault(name, []).append(text)
    return settings


def _pair(option):
    def split(text):
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError(f"{option} takes name=value, not {text!r}")
        return name, value

    return split


def _options(arguments):
    from broadsheet import build, executors

    executors.check(arguments.executor)
    return build.Options(
        workers=arguments.workers,
        executor=arguments.executor,
        time_limit=arguments.time_limit,
        force=arguments.force,
        preload=None if arguments.cold else _PRELOAD,
    )


def _facts():
    """Return what pages say of the data, once the data are known to be sound."""
    from broadsheet import build
    from frontier import claims
    from frontier.data import tables
    from frontier.site import citations

    tables.verify()
    obtained = [(meta["title"], meta["accessed"]) for meta in map(tables.meta, tables.names())]
    return build.Facts(
        tuple(claims.ledger_rows()),
        tuple(tables.digests()),
        tuple(obtained),
        rows=citations.cited,
        dates=citations.dates,
        news=_news,
    )


def _site(arguments):
    from collections import Counter

    from broadsheet import collection, publish
    from frontier.data import measurements, tables, words
    from frontier.figures import preview
    from frontier.site import datapackage, verdicts

    site = collection.read(paths.notebooks())
    records = verdicts.load(paths.reports())
    counts = Counter(record["verdict"] for record in records)
    bar = {v: (counts[v], words.verdict_words(v)) for v in verdicts.VERDICTS if counts[v]}
    sentence = "".join(text for text, _ in verdicts.finding(records))
    package = json.dumps(datapackage.descriptor(), indent=1, ensure_ascii=False) + "\n"
    files = {
        "schema/verdicts.schema.json": (paths.root() / "schema/verdicts.schema.json").read_bytes(),
        "datapackage.json": package.encode(),
        publish.PREVIEW: preview.picture(site.title, sentence, bar),
        **datapackage.files(),
    }
    if tables.has(measurements.OWN):
        print("the site shows your own rows, those of data/own.csv", file=sys.stderr)
    out = arguments.out or paths.root() / "site"
    if news := _news():
        from broadsheet import pages

        feed = pages.moved_feed(site, news, url=arguments.url)
        files["moved.xml"] = feed.encode()
    count = publish.publish(paths.reports(), out, files=files, url=arguments.url)
    print(f"{count} files in {out}", file=sys.stderr)
    return 0


def _params(arguments):
    from broadsheet import collection, parameters

    site = collection.read(paths.notebooks())
    (entry,) = site.select([arguments.name])
    rows = [
        (p.name, p.type, parameters.format_value(p.default), f"{p.help} {_bracket(p)}".strip())
        for p in parameters.read(site.path(entry))
    ]
    _print_table([("parameter", "type", "default", "meaning"), *rows])
    return 0


def _claims(arguments):
    from frontier import claims
    from frontier.data import words
    from frontier.site import verdicts

    records = verdicts.merge(claims.ledger_rows(), verdicts.load(paths.reports()))
    if arguments.json:
        print(verdicts.dump(records), end="")
        return 0
    rows = []
    for record in records:
        claimed, found = record.get("claimed") or {}, record.get("found") or {}
        rows.append(
            (
                record["id"],
                words.quantity(claimed.get("value"), claimed.get("unit")),
                words.quantity(found.get("value"), found.get("unit")),
                words.verdict_words(record["verdict"]) + (", firm" if record.get("firm") else ""),
                record.get("condition") or "",
            )
        )
    _print_table([("claim", "claimed", "found", "verdict", "where it holds"), *rows])
    print()
    print(verdicts.summary(records))
    return 0


def _new(arguments):
    from frontier.site import additions

    given = {k: v for k, v in vars(arguments).items() if k != "run" and v is not None}
    for side in ("numerator", "denominator"):
        given[f"{side}s"] = tuple(map(additions.conditions, given.pop(side)))
    given |= {key: tuple(given[key]) for key in ("names", "shapes") if key in given}
    written = additions.add(additions.Addition(**given))
    for path in written:
        print(path.relative_to(paths.root()))
    print(f"next: frontier build {written[0].stem[:2]}", file=sys.stderr)
    return 0


def _verify(_arguments):
    from frontier.data import measurements, tables

    tables.verify()
    measurements.verify()
    print(f"{len(tables.names())} tables agree with their sidecars")
    return 0


def _refresh(arguments):
    from frontier.sources import intake, web

    if arguments.file and arguments.source == "api":
        raise UsageError("--file is a dump's: say --source dump, too")
    client = None
    if arguments.source == "api":
        client = web.Client(arguments.url or intake.API_ROOT, cache=intake.cache())
    report = intake.refresh(
        source=arguments.source,
        files=arguments.file,
        since=arguments.since,
        models=arguments.models,
        client=client,
        accept=arguments.accept,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(report)
    return 0


def _import(arguments):
    from frontier.sources import intake

    said = {name: getattr(arguments, name) for name in _SAID}
    print(intake.import_files(arguments.files, said=said, accept=arguments.accept))
    return 0


def _make(arguments):
    from frontier import sources

    if not arguments.downloads.is_dir():
        raise UsageError(f"{arguments.downloads} is not a folder of downloads")
    print(sources.make_tables(arguments.downloads))
    return 0


def _bracket(parameter):
    return f"[{parameter.constraint}]" if parameter.constraint else ""


def _shard(text):
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 1 <= I <= N")
    return int(number), int(count)


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31") from None


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip())


if __name__ == "__main__":
    sys.exit(main())
