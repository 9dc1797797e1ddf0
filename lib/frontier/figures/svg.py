"""A figure's SVG as it is published: small, in the page's colours, with ids of its own.

matplotlib writes every coordinate to a millionth of a point and every style on every mark; of a
page with ten figures that is most of the bytes. Here a drawing becomes what a reader can tell
apart: a tenth of a point, relative steps, no empty groups. Nothing is drawn here, and no text is
touched but escaped: what to draw is in `frontier.figures`.

>>> from frontier.figures import svg
>>> svg.path("M 10.04 20 L 30 20 L 40.01 20 L 40 19.96 L 40 12 z")
'M10 20h30v-8z'
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.etree import ElementTree

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONT = "var(--sans, sans-serif)"
# What XML cannot hold; a label may, and must not cost the figure.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SMALL = 20  # a path within so many points is a mark, and drawn to a hundredth


def published(
    text: str,
    /,
    *,
    name: str,
    alt: str,
    variables: Mapping[str, str],
    titles: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the SVG that matplotlib wrote as it goes onto a page and into a file.

    `name` begins every id, `alt` is the label, `variables` maps colours to the CSS variables that
    stand before them. `titles` maps the id of a group of marks to what each of them says when it
    is pointed at, in the order in which they were drawn.
    """
    ElementTree.register_namespace("", _NAMESPACE[1:-1])
    root = ElementTree.fromstring(_UNPRINTABLE.sub("", text[text.index("<svg") :]))
    for group, said in (titles or {}).items():
        _entitle(root, group, said)
    _tidy(root)
    _rename(root, name)
    for element in root.iter():
        _restyle(element, variables)
    _unstyle_ticks(root)
    _gather(root)
    size = dict(root.attrib)
    root.attrib = {
        "role": "img",
        "aria-label": alt,
        "viewBox": size["viewBox"],
        "width": size["width"].removesuffix("pt"),
        "height": size["height"].removesuffix("pt"),
        "style": f"font-family:{_FONT};font-size:9px;stroke-linejoin:round",
    }
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def path(commands: str, /) -> str:
    """Return the commands of a path in relative steps, without those too small to be seen.

    The position is kept in whole steps, so that rounding never adds up.
    """
    tokens = re.findall(r"[A-Za-z]|-?[\d.]+(?:e-?\d+)?", commands)
    largest = max((abs(float(t)) for t in tokens if not t.isalpha()), default=0)
    scale = 100 if largest < _SMALL else 10
    steps, x, y, place, letter = [], 0, 0, 0, ""
    while place < len(tokens):
        if tokens[place].isalpha():
            letter = tokens[place]
            place += 1
        if letter in "Zz":
            steps.append(["z"])
            continue
        count = {"M": 2, "L": 2, "Q": 4, "C": 6}[letter]
        numbers = [round(float(t) * scale) for t in tokens[place : place + count]]
        place += count
        if letter == "M":
            steps.append(["M", *numbers])
        else:
            _step(steps, letter, [n - (x, y)[i % 2] for i, n in enumerate(numbers)])
        x, y = numbers[-2:]
    text, last = "", ""
    for step in steps:
        said = _written(step, scale)
        if step[0] == last == "l":  # a command goes on without its letter
            said = said[1:] if said[1] == "-" else f" {said[1:]}"
        text, last = text + said, step[0]
    return text


def _step(steps, letter, moves):
    """Append a relative step; one that goes on in the direction of the last lengthens it."""
    if letter != "L":
        steps.append([letter.lower(), *moves])
        return
    dx, dy = moves
    if dx and dy:
        steps.append(["l", dx, dy])
        return
    kind, length = ("h", dx) if dx else ("v", dy)
    last = steps[-1]
    if last[0] == kind and last[1] * length > 0:
        last[1] += length
    elif length or last[0] == "M":  # a path of no length may be a dot
        steps.append([kind, length])


def _written(step, scale):
    text = step[0]
    for number in step[1:]:
        said = _number(number / scale)
        text += said if text[-1].isalpha() or said[0] == "-" else f" {said}"
    return text


def _number(value):
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return {"-0": "0"}.get(text, re.sub(r"^(-?)0\.", r"\1.", text))


def _entitle(root, group, said):
    """Give the marks of a group their titles; as many as there are marks, or it raises."""
    (holder,) = (e for e in root.iter(f"{_NAMESPACE}g") if e.get("id") == group)
    shapes = {id(e) for defs in holder.iter(f"{_NAMESPACE}defs") for e in defs.iter()}
    # Few marks are drawn as paths, many as uses of one.
    kinds = (f"{_NAMESPACE}use", f"{_NAMESPACE}path")
    marks = [e for e in holder.iter() if e.tag in kinds and id(e) not in shapes]
    for mark, words in zip(marks, said, strict=True):
        title = ElementTree.SubElement(mark, f"{_NAMESPACE}title")
        title.text = _UNPRINTABLE.sub("", words)


def _tidy(parent):
    """Drop metadata, blanks between elements, what is invisible, and groups that say nothing."""
    used = _references(parent)
    _drop(parent, used)


def _references(root):
    text = " ".join(value for e in root.iter() for value in e.attrib.values())
    links = {e.get(_LINK, "").removeprefix("#") for e in root.iter()}
    return links | set(re.findall(r"url\(#([^)]+)\)", text))


def _drop(parent, used):
    kept = []
    for child in list(parent):
        _drop(child, used)
        child.tail = None
        if child.get("id") not in used:
            child.attrib.pop("id", None)
        tag = child.tag.removeprefix(_NAMESPACE)
        unseen = tag == "path" and child.get("style") == "fill: none"
        hollow = tag in ("g", "defs") and not len(child)
        if tag in ("metadata", "style") or unseen or hollow:
            continue
        kept += list(child) if tag == "g" and not child.attrib else [child]
    if parent.tag != f"{_NAMESPACE}text" and not (parent.text or "").strip():
        parent.text = None
    parent[:] = kept


def _rename(root, name):
    """Give the ids that are left short names, and each figure its own: a page has many."""
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    new = {old: f"{name}-{i}" for i, old in enumerate(ids)}
    for element in root.iter():
        if element.get("id"):
            element.set("id", new[element.get("id")])
        if target := element.attrib.pop(_LINK, None):
            known = target.removeprefix("#")
            element.set("href", f"#{new[known]}" if known in new else target)
        for key in ("clip-path", "style"):
            if "url(#" in element.get(key, ""):
                value = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{new[m[1]]})", element.get(key))
                element.set(key, value)


def _unstyle_ticks(root):
    """Drop the style of uses of a line: it has its own, and nothing to fill."""
    paths = {e.get("id"): e for e in root.iter(f"{_NAMESPACE}path") if e.get("id")}
    for use in root.iter(f"{_NAMESPACE}use"):
        shape = paths.get(use.get("href", "")[1:])
        if shape is not None and "stroke:" in shape.get("style", "") and "z" not in shape.get("d"):
            use.attrib.pop("style", None)


def _gather(parent):
    """Give marks that follow each other and look the same one group that says how they look."""
    for child in parent:
        _gather(child)
    kept = []
    for look, marks in groupby(list(parent), _look):
        marks = list(marks)
        if look is None or len(marks) < 3:
            kept += marks
            continue
        group = ElementTree.Element(f"{_NAMESPACE}g", look)
        for mark in marks:
            for key in dict(look):
                del mark.attrib[key]
        group.extend(marks)
        kept.append(group)
    parent[:] = kept


def _look(element):
    """Return what marks in a group may share; None for what is no mark, or would look different."""
    shared = {k: element.attrib[k] for k in ("clip-path", "style") if k in element.attrib}
    alone = element.tag not in (f"{_NAMESPACE}use", f"{_NAMESPACE}path") or element.get("id")
    # One opacity over a group is another picture than one on each of its marks.
    opaque = re.search(r"(^|;)opacity:", element.get("style", ""))
    return None if alone or opaque or not shared or element.get("transform") else shared


def _restyle(element, variables):
    tag = element.tag.removeprefix(_NAMESPACE)
    if style := element.get("style"):
        style = re.sub(r"font-family:[^;]*;? ?", "", style)
        for colour, variable in variables.items():
            style = style.replace(colour, f"var(--{variable}, {colour})")
        default = r"stroke-linecap: (butt|square)|font-weight: 400|font-size: 9px"
        style = re.sub(rf"(^|; ?)({default})(?=;|$)", "", style)
        element.set("style", re.sub(r"\s*([:;])\s*", r"\1", style).strip("; "))
        if not element.get("style"):
            del element.attrib["style"]
    if tag == "path" and element.get("d"):  # a shape of which nothing is to be seen has none
        element.set("d", path(element.get("d")))
    if tag == "image":
        return
    for key in ("x", "y", "width", "height"):
        if (value := element.get(key)) and element.tag != f"{_NAMESPACE}svg":
            element.set(key, _number(round(float(value), 1)))
    if transform := element.get("transform"):
        short = re.sub(r"-?\d+\.\d+", lambda m: _number(round(float(m[0]), 1)), transform)
        element.set("transform", short)
        if short.startswith("rotate(-0 "):
            del element.attrib["transform"]
