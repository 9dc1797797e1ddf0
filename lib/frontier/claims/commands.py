"""The commands of claims: ``check`` one that somebody has just made, and ``new`` to enter it."""

from pathlib import Path

import click

from frontier.errors import FrontierError


@click.command("check")
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

    try:
        found = checked(**asked)
        click.echo(found.text)
        if save:
            click.echo(f"\nWritten: {found.save(save)}; then: frontier new {save}")
    except FrontierError as error:
        click.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from None


@click.command("new")
@click.argument("row", type=click.Path(path_type=Path), metavar="ROW.yaml")
def new(row: Path) -> None:
    """Add the claim of a ledger row: the ledger's entry, a report that answers it, and a test."""
    from frontier.data import paths
    from frontier.site import additions

    try:
        written = additions.add(row)
    except FrontierError as error:
        click.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from None
    for path in written:
        click.echo(path.relative_to(paths.root()))
    click.echo(f"next: frontier build {written[0].stem[:2]}", err=True)
