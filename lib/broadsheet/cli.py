"""The ``broadsheet`` command, and the commands that a project takes over into its own.

It parses arguments, hands the parts of the engine to each other, and turns a BroadsheetError
into one line and an exit code (`run`): 0 all well, 1 something failed and the rest is done, 2
wrong usage, 130 interrupted. Imports are where they are used, so that ``--help`` waits for nothing.

A command of a project is one more click command in its group:

    @click.group("mine", commands=cli.commands())
    def mine(): ...
    def main(argv=None): return cli.run(mine, argv, folder=Path("notebooks"))
"""

import contextlib
import copy
import os
import signal
import sys
from pathlib import Path

import click

from broadsheet.errors import BroadsheetError, UsageError

PATH = click.Path(path_type=Path)
POSITIVE = click.IntRange(1)
_YEAR = 365 * 86400.0


def main(argv=None) -> int:
    """Run the command with these arguments, ``sys.argv``'s by default; return the exit code."""
    return run(broadsheet, argv)


def run(group: click.Group, argv=None, /, *, folder: Path | None = None) -> int:
    """Run a group of commands, and return the exit code.

    ``folder`` is that of the collection, where it is not the option ``--folder`` that says it.
    """
    name = group.name
    try:
        # What stops a container or a job of a cluster is an interrupt like any other.
        with contextlib.suppress(ValueError):  # not called from the main thread
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal of another encoding has all else
                stream.reconfigure(errors="replace")
        words = list(sys.argv[1:] if argv is None else argv)
        for word in words:
            if str(word).encode(errors="ignore").decode() != str(word):
                raise UsageError(f"the argument {word!r} is not UTF-8")
        with group.make_context(name, words, obj=folder) as context:
            code = group.invoke(context)
        sys.stdout.flush()
        return code or 0
    except click.exceptions.Exit as error:  # --help
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        told = f"{error.format_message()} (see {context.command_path if context else name} --help)"
        return _tell(name, told, 2)
    except BrokenPipeError:
        # The reader (a pager, head) has seen enough; nor must Python's last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BroadsheetError as error:
        return _tell(name, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _tell(name, "interrupted; the site is as it was, what is finished is kept", 130)


def _tell(name, text, code):
    print(f"{name}:", " ".join(text.split()), file=sys.stderr)
    return code


def collection(folder: Path | None = None, /):
    """Return the collection that the command at hand is about."""
    from broadsheet import collection as site_map

    return site_map.read(folder or click.get_current_context().obj or Path())


def commands() -> list[click.Command]:
    """Return the commands for a group of which it is known where its collection is."""
    copies = [copy.copy(command) for command in broadsheet.commands.values()]
    for command in copies:
        command.params = [p for p in command.params if p.name != "folder"]
    return copies


# ----------------------------------------------------------------- values of options


def _shard(text):
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ValueError(f"{text!r} is not I/N with 1 <= I <= N")
    return int(number), int(count)


def _seconds(text):
    if not 0 < float(text) <= _YEAR:  # threads cannot wait for any longer time
        raise ValueError(f"{text!r} is not a number of seconds, up to a year")
    return float(text)


def _pair(text):
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"{text!r} is not name=value")
    return name, value


def _options(*options):
    """Return a decorator that adds options in this order."""

    def add(function):
        for option in reversed(options):
            function = option(function)
        return function

    return add


_folder = click.option(
    "--folder", type=PATH, metavar="DIR", help="folder of collection.yaml; the current one"
)
_names = click.argument("names", nargs=-1, metavar="[NAME]...")
_settings = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="name=value",
    type=_pair,
    help="a parameter, in every named notebook that has it; repeatable",
)


def _out(where):
    return click.option("--out", type=PATH, metavar="DIR", help=f"folder of the site; {where}")


_work = _options(
    click.option("--workers", type=POSITIVE, metavar="N", help="notebooks at a time; one a core"),
    click.option(
        "--executor",
        default="local",
        show_default=True,
        metavar="local|dask://HOST:PORT",
        help="who runs them",
    ),
    click.option(
        "--time-limit",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="for each notebook; 600",
    ),
    click.option("--shard", type=_shard, metavar="I/N", help="only every Nth page from the Ith on"),
    click.option("--force", is_flag=True, help="run what is fresh, too"),
    click.option("--cold", is_flag=True, help="start every kernel afresh, fork none"),
)


def _request(settings, out, shard, executor, **options):
    """Return what build and sweep have in common, as their functions take it."""
    from broadsheet import executors
    from broadsheet.task import Options

    executors.check(executor)
    options = Options(executor=executor, **options)
    return {"settings": _texts(settings), "out": out, "shard": shard, "options": options}


def _texts(pairs):
    settings = {}
    for name, text in pairs:
        settings.setdefault(name, []).append(text)
    return settings


def table(rows, /) -> str:
    """Return rows of texts, the first being the head, as columns of text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


# ----------------------------------------------------------------- the commands


@click.group("broadsheet", no_args_is_help=False)
def broadsheet():
    """Make a static site of a folder of notebooks that has a collection.yaml."""


@broadsheet.command()
@_options(_names, _settings, _out("reports/, with --set exploration/"), _folder, _work)
def build(names, folder=None, **request):
    """Run what is not fresh and make the site; NAME is 03, 03_name or 03_name.ipynb, or all."""
    from broadsheet import build

    return 1 if build.build(collection(folder), names, **_request(**request)) else 0


@broadsheet.command()
@click.argument("name")
@click.option(
    "--grid",
    multiple=True,
    metavar="name=v1,v2,...",
    type=_pair,
    help="values of a parameter; with several, every combination",
)
@click.option("--from-csv", type=PATH, metavar="FILE", help="a set a row, columns are parameters")
@click.option("--show", metavar="QUANTITY", help="what the comparison has first")
@_options(_settings, _out("a folder of exploration/"), _folder, _work)
def sweep(name, grid, from_csv, show, folder=None, **request):
    """Build one report with many sets of parameters, and a page that compares them."""
    from broadsheet import sweep

    asked = {"grid": [(name, text.split(",")) for name, text in grid], "rows": from_csv}
    failed = sweep.sweep(collection(folder), name, show=show, **asked, **_request(**request))
    return 1 if failed else 0


@broadsheet.command()
@_options(_names, _settings, _out("reports/, with --set exploration/"), _folder)
def status(names, settings, out, folder=None):
    """Show what is fresh, stale or failed, and why."""
    from broadsheet import build

    tasks = build.status(collection(folder), names, settings=_texts(settings), out=out)
    rows = [(task.entry.notebook, task.state, task.action, "; ".join(task.why)) for task in tasks]
    print(table([("report", "state", "to do", "why"), *rows]))


@broadsheet.command()
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option("--html", type=PATH, metavar="FILE", help="write it as a page, too")
@_folder
def diff(old, new, html, folder=None):
    """Show what moved between two sites, and why."""
    from broadsheet import diff

    about = collection(folder)
    found = diff.diff(about, old, new)
    print(diff.text(found))
    if html:
        from broadsheet import pages

        page = pages.difference(about.project, found, str(old), str(new))
        try:
            html.write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{html} cannot be written: {error.strerror}") from error


@broadsheet.command()
@click.argument("name")
@_folder
def params(name, folder=None):
    """Show what can be set in a notebook."""
    from broadsheet import parameters

    about = collection(folder)
    (entry,) = about.select([name])
    rows = [("parameter", "type", "default", "meaning")]
    for p in parameters.read(about.path(entry)):
        meaning = f"{p.help} [{p.constraint}]" if p.constraint else p.help
        rows.append((p.name, p.type, parameters.format_value(p.default), meaning.strip()))
    print(table(rows))


@broadsheet.command()
@click.option("--out", type=PATH, metavar="DIR", help="a folder of its own; site/ if not said")
@click.option("--url", metavar="URL", help="where it will be served")
@_folder
def site(out, url, folder=None):
    """Copy the built site, with its data, for a static host."""
    from broadsheet import publish

    about = collection(folder)
    out = out or about.home / "site"
    count = publish.publish(about, out, url=url)
    print(f"{count} files in {out}", file=sys.stderr)
