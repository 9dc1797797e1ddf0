"""The ``frontier`` command: build the site, ask a notebook for its parameters, read the claims.

The commands of the engine are those of `broadsheet.cli`, for the collection in ``notebooks/``;
the others are here. A new one is a function below ``@frontier.command()``. Imports are where they
are used, so that ``frontier --help`` does not wait for pandas.
"""

import functools
import json
import sys
from datetime import date
from pathlib import Path

import click

from broadsheet import cli
from broadsheet.cli import PATH, POSITIVE
from frontier.data import paths
from frontier.data.columns import OWN_COLUMNS, SAID
from frontier.errors import UsageError


def main(argv=None) -> int:
    """Run the command with these arguments, ``sys.argv``'s by default; return the exit code."""
    return cli.run(frontier, argv, folder=paths.notebooks())


@click.group("frontier", commands=cli.commands(), no_args_is_help=False)
def frontier():
    """Check public claims about AI-inference Pareto frontiers: build the site, read the claims."""


_SOURCE = click.Choice(["api", "dump"])


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date such as 2026-03-31") from None


# ----------------------------------------------------------------- claims


@frontier.command()
@click.option("--json", "as_json", is_flag=True, help="as verdicts.json")
def claims(as_json):
    """Show the claims and their verdicts."""
    from frontier.site import verdicts

    records = verdicts.listing()
    if as_json:
        print(verdicts.dump(records), end="")
    else:
        print(cli.table(verdicts.rows(records)), verdicts.summary(records), sep="\n\n")


@frontier.command()
@click.argument("old", required=False)
@click.option("--json", "as_json", is_flag=True, help="as the record that is kept of it")
def moved(old, as_json):
    """Show what moved since OLD, a snapshot's name or folder; the newest if not said."""
    from frontier.site import news

    found = news.since(old)
    if found is None:
        print("the measured rows are those of the snapshot: nothing moved", file=sys.stderr)
        if as_json:
            print("null")
        return
    record, file = found
    told = news.News(record).text
    print(json.dumps(record, indent=1, ensure_ascii=False) if as_json else told)
    print(f"kept in {file}; the page is {paths.reports() / 'moved.html'}", file=sys.stderr)


@frontier.command()
@click.option("--above", required=True, metavar="KEY", help="accelerator, or several with commas")
@click.option("--below", required=True, metavar="KEY", help="accelerator; hopper is h100,h200")
@click.option("--value", required=True, type=float, help="the claimed ratio")
@click.option("--per", default="MW", show_default=True, help="GPU, MW, $ or J")
@click.option("--model", metavar="KEY", help="by default every model measured on both")
@click.option("--at", type=float, metavar="SPEED", help="the speed that is named, tok/s/user")
@click.option("--wording", metavar="TEXT", help='how it was said, such as "up to" or "about"')
@click.option("--high", type=float, help="the upper end of a claimed range")
@click.option("--edition", help="of the power or price table")
@click.option("--traffic", metavar="IN/OUT", help="such as 8192/1024; all by default")
@click.option("--date", metavar="DAY", help="of the claim; today by default")
@click.option("--source", metavar="URL", help="where it was said")
@click.option("--save", type=click.Path(path_type=Path), help="write a row for `frontier new`")
def check(save: Path | None, **asked) -> None:
    """Check a claim that is in no ledger: "ABOVE gives VALUE times BELOW"."""
    from frontier.claims.checking import check as checked

    found = checked(**asked)
    print(found.text)
    if save:
        print(f"\nWritten: {found.save(save)}; then: frontier new {save}")


@frontier.command()
@click.argument("row", type=click.Path(path_type=Path), metavar="ROW.yaml")
def new(row: Path) -> None:
    """Add the claim of a ledger row: the ledger's entry, a report that answers it, and a test."""
    from frontier.site import additions

    written = additions.add(row)
    for path in written:
        print(path.relative_to(paths.root()))
    print(f"next: frontier build {written[0].stem[:2]}", file=sys.stderr)


# ----------------------------------------------------------------- data


@frontier.group(no_args_is_help=False)
def data():
    """Check, refresh or make the tables, or add results."""


_accept = click.option(
    "--accept",
    is_flag=True,
    help="take rows that are sound one by one although together they look wrong: most of a model's "
    "others cannot be used, a number has another meaning, or rows that were here are gone; of "
    "results of your own, runs of which many requests failed. Otherwise nothing is taken, and a "
    "line says why",
)


@data.command()
@click.option("--source", type=_SOURCE, default="api", help="ask InferenceX, or read a dump")
@click.option(
    "--file",
    "files",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="a part of a downloaded dump; repeatable",
)
@click.option("--since", type=_day, metavar="DATE", help="only runs from this day on")
@click.option(
    "--models", metavar="MODEL,...", help="only these, such as deepseek-r1; all if not said"
)
@click.option("--url", metavar="URL", help="another address of the same API")
@_accept
def refresh(source, files, models, url, **asked):
    """Fetch new public benchmark results."""
    from frontier.sources import intake, web

    if files and source == "api":
        raise UsageError("--file is a dump's: say --source dump, too")
    client = web.Client(url or intake.API_ROOT, cache=intake.cache()) if source == "api" else None
    asked |= {"files": list(files), "models": models.split(",") if models else None}
    tell = functools.partial(print, file=sys.stderr, flush=True)
    print(intake.refresh(source=source, client=client, tell=tell, **asked))


def _said(command):
    """Add an option for each thing that the files of one's own results may not say themselves."""
    for name in reversed(SAID):
        option = "--" + name.replace("_", "-")
        kind, _, words = OWN_COLUMNS[name]
        words = words.partition(";")[0]
        if kind == "bool":
            add = click.option(f"{option}/--no-{option[2:]}", name, default=None, help=words)
        else:
            kind = POSITIVE if kind == "int" else str
            add = click.option(option, name, type=kind, metavar=name.upper(), help=words)
        command = add(command)
    return command


@data.command("import")
@click.argument("files", type=PATH, nargs=-1, required=True, metavar="FILE...")
@_accept
@_said
def import_(files, accept, **said):
    """Add results from files: public ones or one's own, with what those do not say themselves."""
    from frontier.sources import intake

    print(intake.import_files(list(files), said=said, accept=accept))


@data.command()
def verify():
    """Check every table against its sidecar."""
    from frontier.data import measurements, tables

    tables.verify()
    measurements.verify()
    print(f"{len(tables.names())} tables agree with their sidecars")


@data.command()
@click.argument("downloads", type=PATH)
def make(downloads: Path):
    """Make the tables from downloads of their sources."""
    from frontier import sources

    if not downloads.is_dir():
        raise UsageError(f"{downloads} is not a folder of downloads")
    print(sources.make_tables(downloads))


if __name__ == "__main__":
    sys.exit(main())
