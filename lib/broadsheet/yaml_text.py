"""YAML with bounds: neither depth nor what aliases stand for can exhaust the interpreter."""

DEEPEST, MOST = 30, 200_000


def load(text: str, /):
    """Return what a text of YAML says.

    What is counted are the parser's events, which it makes without recursion; an alias counts as
    the values that it stands for.

    Raises:
        ValueError: where the text is no YAML, is more than 30 levels deep, refers to itself, or has
            more than 200,000 values; it names the line.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    opened, sizes, values = [], {}, 0  # an opened list or mapping: its anchor, the values before it
    try:
        for event in yaml.parse(text, Loader=loader):
            line = f"line {event.start_mark.line + 1}: "
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, values))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = opened.pop()
                sizes[anchor] = values - before
            elif isinstance(event, yaml.ScalarEvent):
                sizes[event.anchor] = 0
            elif isinstance(event, yaml.AliasEvent):
                if any(event.anchor == anchor for anchor, _ in opened):
                    raise ValueError(f"{line}*{event.anchor} refers to itself")
                values += sizes.get(event.anchor, 0)
            values += isinstance(event, yaml.NodeEvent)
            if len(opened) > DEEPEST:
                raise ValueError(f"{line}more than {DEEPEST} levels")
            if values > MOST:
                raise ValueError(f"{line}more than {MOST:,} values, aliases counted")
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ValueError(place + " ".join(problem.split())) from None
