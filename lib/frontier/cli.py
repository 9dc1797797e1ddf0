"""The ``frontier`` command: build the site, ask a notebook for its parameters, read the claims.

The commands of the engine are those of `broadsheet.cli`, for the collection in ``notebooks/``;
the others are here. A new one is a function below ``@frontier.command()``. Imports are where they
are used, so that ``frontier --help`` does not wait for pandas.
"""

import json
import shlex
import sys
from datetime import date
from pathlib import Path

import click

from broadsheet import cli
from broadsheet.cli import PATH, POSITIVE, Checked
from frontier.data import paths
from frontier.errors import UsageError


def main(argv=None) -> int:
    """Run the command with these arguments, ``sys.argv``'s by default; return the exit code."""
    return cli.run(frontier, argv, folder=paths.notebooks())


@click.group("frontier", commands=cli.commands(), no_args_is_help=False)
def frontier():
    """Check public claims about AI-inference Pareto frontiers: build the site, read the claims."""


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date such as 2026-03-31") from None


DAY = Checked("date", _day)


class Several(click.Command):
    """A command whose options of type `SEVERAL` take all words up to the next option."""

    def parse_args(self, ctx, args):
        """Join the words of such an option into one before click sees them."""
        names = {name for p in self.params if p.type is SEVERAL for name in p.opts}
        joined, rest = [], list(args)
        while rest:
            joined.append(rest.pop(0))
            if joined[-1] in names:
                words = []
                while rest and not rest[0].startswith("-"):
                    words.append(rest.pop(0))
                joined += [shlex.join(words)] if words else []
        return super().parse_args(ctx, joined)


SEVERAL = Checked("several", shlex.split)


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
    from frontier.site import refreshes

    found = refreshes.since(old)
    if found is None:
        print("the measured rows are those of the snapshot: nothing moved", file=sys.stderr)
        if as_json:
            print("null")
        return
    record, file = found
    told = refreshes.text(record)
    print(json.dumps(record, indent=1, ensure_ascii=False) if as_json else told)
    print(f"kept in {file}; the page is {paths.reports() / 'moved.html'}", file=sys.stderr)


@frontier.command(cls=Several)
@click.argument("id", metavar="CLAIM")
@click.option("--statement", required=True, help="the claim as a sentence with its number")
@click.option("--value", type=float, required=True, help="the claimed number")
@click.option("--unit", required=True, help="its unit, such as 'x tok/s/MW'")
@click.option("--form", help="gain (at least; if not said) or drop (within 1.25x)")
@click.option("--source", required=True, metavar="URL", help="where it is stated")
@click.option("--source-title", help="what that is; its host if not said")
@click.option("--date", type=DAY, required=True, help="day it was stated: 2026-03-31")
@click.option("--point", help="the operating point, as far as it is stated")
@click.option("--quantity", help="what is computed, in a sentence")
@click.option("--decides", help="the evidence that would decide it")
@click.option("--report", metavar="NN_NAME", help="its notebook; the next number")
@click.option("--title", help="the report's short name in the navigation")
@click.option(
    "--numerator",
    "numerators",
    type=SEVERAL,
    multiple=True,
    required=True,
    metavar="column=value...",
    help="rows of the better system, such as hardware=gb200; repeatable",
)
@click.option(
    "--denominator",
    "denominators",
    type=SEVERAL,
    multiple=True,
    required=True,
    metavar="column=value...",
    help="rows of the baseline; as often",
)
@click.option("--name", "names", multiple=True, help="of a comparison; as often")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="ISL/OSL",
    help="input and output tokens of a request; repeatable; all three",
)
@click.option("--metric", help="throughput_per_gpu, if not said, or output_throughput_per_gpu")
@click.option("--per", help="GPU or MW; what the unit names")
@click.option("--power-edition", help="of the power table, for MW; 2025")
@click.option("--floor", type=float, help="least tok/s/GPU of a denominator; 100")
def new(**given):
    """Add a claim of your own, its id being CLAIM: ledger row, report and test."""
    from frontier.site import additions

    given = {name: value for name, value in given.items() if value not in (None, ())}
    for side in ("numerators", "denominators"):
        given[side] = tuple(map(additions.conditions, given[side]))
    written = additions.add(additions.Addition(**given))
    for path in written:
        print(path.relative_to(paths.root()))
    print(f"next: frontier build {written[0].stem[:2]}", file=sys.stderr)


# ----------------------------------------------------------------- data


@frontier.group(no_args_is_help=False)
def data():
    """Check, refresh or make the tables, or add results."""


_accept = click.option(
    "--accept", is_flag=True, help="take what is sound although the whole looks changed"
)


@data.command(cls=Several)
@click.option(
    "--source",
    type=click.Choice(["api", "dump"]),
    default="api",
    help="ask InferenceX, or read a dump",
)
@click.option(
    "--file",
    "files",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="a part of a downloaded dump; repeatable",
)
@click.option("--since", type=DAY, metavar="DATE", help="only runs from this day on")
@click.option(
    "--models", type=SEVERAL, metavar="MODEL...", help="only these, such as dsr1; all if not said"
)
@click.option("--url", metavar="URL", help="another address of the same API")
@_accept
def refresh(source, files, since, models, url, accept):
    """Fetch new public benchmark results."""
    from frontier.sources import intake, web

    if files and source == "api":
        raise UsageError("--file is a dump's: say --source dump, too")
    client = web.Client(url or intake.API_ROOT, cache=intake.cache()) if source == "api" else None
    report = intake.refresh(
        source=source,
        files=list(files),
        since=since,
        models=models,
        client=client,
        accept=accept,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(report)


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


def _said(command):
    """Add an option for each thing that the files of one's own results may not say themselves."""
    for name, (kind, words) in reversed(_SAID.items()):
        option = "--" + name.replace("_", "-")
        if kind is bool:
            add = click.option(f"{option}/--no-{option[2:]}", name, default=None, help=words)
        else:
            kind = POSITIVE if kind is int else str
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
