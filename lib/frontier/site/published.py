"""What goes with the built site to a static host: tables, their descriptor, a picture, a feed."""

import json
import sys
from collections import Counter

from broadsheet import collection
from broadsheet.publish import PREVIEW
from frontier.data import measurements, paths, tables, words
from frontier.figures import preview
from frontier.site import compose, datapackage, pages, verdicts


def files(url: str | None = None, /) -> dict[str, bytes]:
    """Return the files that a published site has beside its pages, by name.

    `url` is where it will be served: only then does the feed have links.
    """
    site = collection.read(paths.notebooks())
    records = verdicts.load(paths.reports())
    counts = Counter(record["verdict"] for record in records)
    bar = {v: (counts[v], words.verdict_words(v)) for v in verdicts.VERDICTS if counts[v]}
    sentence = verdicts.summary(records)
    package = json.dumps(datapackage.descriptor(), indent=1, ensure_ascii=False) + "\n"
    found = {
        "schema/verdicts.schema.json": (paths.root() / "schema/verdicts.schema.json").read_bytes(),
        "datapackage.json": package.encode(),
        PREVIEW: preview.picture(site.title, sentence, bar),
        **datapackage.files(),
    }
    if tables.has(measurements.OWN):
        print("the site shows your own rows, those of data/own.csv", file=sys.stderr)
    if news := compose.moved_news():
        found["moved.xml"] = pages.moved_feed(site, news, url=url).encode()
    return found
