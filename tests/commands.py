"""What a line of the ``frontier`` command means, without doing it."""

import click

from frontier import cli


def command(*words):
    """Return the command that the first words name and the words left, None for no command."""
    found, rest = cli.frontier, list(words)
    while isinstance(found, click.Group) and rest:
        found = found.commands.get(rest.pop(0))
    return found, rest


def parsed(words):
    """Return the command and the values of its options; a click error for what it does not take."""
    found, rest = command(*words)
    if found is None:
        raise click.UsageError(f"no such command: {' '.join(words)}")
    return found, found.make_context(found.name, rest).params
