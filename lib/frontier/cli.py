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
from pathlib import Path

from frontier import MODULES, paths
from frontier.errors import FrontierError, UsageError
from frontier.parameters import choices


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
_APART = ("batch", "cli", "sources", "widgets")  # the last needs ipywidgets
_PRELOAD = (
    "numpy", "pandas", "matplotlib.pyplot", "seaborn",
    *(f"frontier.{name}" for name in MODULES if name not in _APART),
)  # fmt: skip


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
        "--grid", action="append", default=[], metavar="name=v1,v2,...",
        help="values of a parameter; with several, every combination",
    )  # fmt: skip
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

    params = commands.add_parser("params", help="show what can be set in a notebook")
    params.add_argument("name", metavar="NAME")
    params.set_defaults(run=_params)

    claims = commands.add_parser("claims", help="show the claims and their verdicts")
    claims.add_argument("--json", action="store_true", help="as verdicts.json")
    claims.set_defaults(run=_claims)

    data = commands.add_parser("data", help="check or make the tables")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check every table against its sidecar")
    verify.set_defaults(run=_verify)
    make = actions.add_parser("make", help="make the tables from downloads of their sources")
    make.add_argument("downloads", type=Path, metavar="DOWNLOADS")
    make.set_defaults(run=_make)
    return parser


def _add_request(parser):
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="03, 03_name or 03_name.ipynb; all"
    )
    _add_site(parser, "reports/, with --set exploration/")


def _add_site(parser, where):
    parser.add_argument(
        "--set", action="append", default=[], metavar="name=value", dest="settings",
        help="a parameter, in every named notebook that has it; repeatable",
    )  # fmt: skip
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
    from frontier.batch import build

    failed = build.build(arguments.names, **_work(arguments))
    return 1 if failed else 0


def _sweep(arguments):
    from frontier.batch import sweep

    grid = [(name, text.split(",")) for name, text in map(_pair("--grid"), arguments.grid)]
    failed = sweep.sweep(
        arguments.name,
        grid=grid,
        rows=arguments.from_csv,
        show=arguments.show,
        **_work(arguments),
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
    from frontier.batch import build

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
    from frontier.batch import diff

    found = diff.diff(arguments.old, arguments.new)
    print(diff.text(found))
    if arguments.html:
        from frontier.batch import pages

        page = pages.difference(found, str(arguments.old), str(arguments.new))
        try:
            arguments.html.write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{arguments.html} cannot be written: {error.strerror}") from error
    return 0


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
    from frontier.batch import build, executors

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
    from frontier import citations, claims, tables
    from frontier.batch import build

    tables.verify()
    obtained = [(meta["title"], meta["accessed"]) for meta in map(tables.meta, tables.names())]
    return build.Facts(
        tuple(claims.ledger_rows()), tuple(tables.digests()), tuple(obtained),
        rows=citations.cited, dates=citations.dates,
    )  # fmt: skip


def _site(arguments):
    from collections import Counter

    from frontier import datapackage, preview, words
    from frontier.batch import collection, publish, verdicts

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
    out = arguments.out or paths.root() / "site"
    count = publish.publish(paths.reports(), out, files=files, url=arguments.url)
    print(f"{count} files in {out}", file=sys.stderr)
    return 0


def _params(arguments):
    from frontier.batch import collection, parameters

    site = collection.read(paths.notebooks())
    (entry,) = site.select([arguments.name])
    rows = [
        (p.name, p.type, parameters.format_value(p.default), f"{p.help} {_bracket(p)}".strip())
        for p in parameters.read(site.path(entry))
    ]
    _print_table([("parameter", "type", "default", "meaning"), *rows])
    return 0


def _claims(arguments):
    from frontier import claims, words
    from frontier.batch import verdicts

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


def _verify(_arguments):
    from frontier import tables

    tables.verify()
    print(f"{len(tables.names())} tables agree with their sidecars")
    return 0


def _make(arguments):
    from frontier import sources

    if not arguments.downloads.is_dir():
        raise UsageError(f"{arguments.downloads} is not a folder of downloads")
    print(sources.make_tables(arguments.downloads, paths.data()))
    return 0


def _bracket(parameter):
    return f"[{parameter.constraint}]" if parameter.constraint else ""


def _shard(text):
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 1 <= I <= N")
    return int(number), int(count)


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
