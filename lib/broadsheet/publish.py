"""Publishing: the built site and what goes with it, as a folder that any static host serves.

The site itself is complete and works from a folder; what is added here is for other places: the
files of the project (`Project.files`), such as its data and the picture of a shared link, and the
addresses that such a picture needs.
"""

import html
import re
import shutil
import sys
from pathlib import Path

from broadsheet import folders, links, pages
from broadsheet.collection import Collection
from broadsheet.errors import UsageError

PREVIEW = "preview.png"
_MARK = ".broadsheet-site"  # says that a folder was made here, and may be made again


def publish(
    collection: Collection, out: Path, /, *, site: Path | None = None, url: str | None = None
) -> int:
    """Copy a built site to ``out`` with the project's further files; return how many files it has.

    ``url`` is where the folder will be served: pages then name themselves and, where the project
    has one, their picture (`PREVIEW`). Raises UsageError where there is no site, or where ``out``
    holds something else.
    """
    project, site = collection.project, site or collection.site
    if not (site / project.records_file).is_file():
        raise UsageError(f"{site} is no built site; run '{project.name} build' first")
    if url is not None and not links.is_web(url):
        raise UsageError(f"--url takes an address of the web, not {url!r}")
    folders.mend(out)
    if out.exists() and any(out.iterdir()) and not (out / _MARK).is_file():
        raise UsageError(f"{out} has other files; name another folder with --out")
    files = project.call("files", url)
    for page in sorted(site.rglob("*.html")):
        if pages.is_failed(page.read_text(encoding="utf-8")):
            told = f"{page.name} is published as it is: its report failed"
            print(f"{project.name}: {told}", file=sys.stderr)
    with folders.replaced(out) as stage:
        _fill(stage, site, files, url)
    return sum(path.is_file() for path in out.rglob("*"))


def _fill(stage, site, files, url):
    # The status page is of this machine's last build.
    shutil.copytree(site, stage, ignore=shutil.ignore_patterns("status.html", ".*"))
    for name, content in files.items():
        path = stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in (_MARK, ".nojekyll"):  # the second: files are served as they are
        (stage / name).write_text("", encoding="utf-8")
    if url is not None:
        picture = PREVIEW if PREVIEW in files else None
        for page in stage.rglob("*.html"):
            place = f"{url.rstrip('/')}/{page.relative_to(stage).as_posix()}"
            text = addressed(page.read_text(encoding="utf-8"), place, url, picture)
            page.write_text(text, encoding="utf-8", newline="\n")


def addressed(page: str, place: str, url: str, picture: str | None = PREVIEW, /) -> str:
    """Return a page that says where it is served and which picture a link to it shows."""
    place = html.escape(place.removesuffix("index.html"), quote=True)
    tags = f'<link rel="canonical" href="{place}">\n<meta property="og:url" content="{place}">\n'
    if picture:
        address = html.escape(f"{url.rstrip('/')}/{picture}", quote=True)
        tags += (
            f'<meta property="og:image" content="{address}">\n'
            '<meta name="twitter:card" content="summary_large_image">\n'
        )
    return re.sub(r"(?=<title>)", lambda _: tags, page, count=1)
