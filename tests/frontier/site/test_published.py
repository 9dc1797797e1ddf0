"""What `make site` leaves: the site, its data with their descriptor, and what shared links need."""

import hashlib
import json
import shutil
import struct
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

from browser import chromium, complaints
from frontier import cli
from frontier.data import paths, tables
from frontier.figures import preview
from frontier.site import datapackage
from frontier.sources import intake
from ledger_rows import verdict_row

ROOT = Path(__file__).parents[3]
URL = "https://example.com/frontier"
SCHEMA = json.loads((ROOT / "schema" / "verdicts.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("published") / "site"
    assert cli.main(["site", "--out", str(out), "--url", URL]) == 0
    return out


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "proven"},
        {"firm": None},
        {"id": "A b"},
        {"page": "../x.html"},
        {"extra": 1},
        {"now": {"verdict": "reproduced"}},
        {"then": {**verdict_row("a")["then"], "day": "last month"}},
        {"sources": [{"title": "x", "url": "javascript:alert(1)"}]},
        {"found": {}},
        {"tiers": {"stated": None, "measured": {"comparisons": []}, "modelled": None}},
    ],
)
def test_the_schema_refuses_what_verdicts_are_not(change):
    row = verdict_row("a", firm=True)
    jsonschema.validate({"schema": 2, "claims": [row]}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": 2, "claims": [{**row, **change}]}, SCHEMA)


def test_the_verdicts_are_of_their_schema(site):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads((site / "verdicts.json").read_text(encoding="utf-8")), SCHEMA)
    assert json.loads((site / "schema" / "verdicts.schema.json").read_text()) == SCHEMA


def test_every_table_of_the_package_is_there_whole_and_as_described(site):
    package = json.loads((site / "datapackage.json").read_text(encoding="utf-8"))
    assert [resource["name"] for resource in package["resources"]] == tables.names()
    for resource in package["resources"]:
        raw = (site / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(raw).hexdigest()}"
        assert resource["bytes"] == len(raw)
        frame = pd.read_csv(site / resource["path"], dtype=str)
        assert [field["name"] for field in resource["schema"]["fields"]] == list(frame.columns)
        sidecar = yaml.safe_load((site / "tables" / f"{resource['name']}.meta.yml").read_text())
        assert resource["title"] == sidecar["title"]


def test_the_types_and_units_are_those_of_the_sidecars():
    power = next(r for r in datapackage.descriptor()["resources"] if r["name"] == "power")
    field = power["schema"]["fields"][-1]
    assert (field["name"], field["type"], field["unit"]) == ("kw_per_gpu", "number", "kW")


def test_pages_name_their_address_and_their_picture(site):
    soup = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.find("link", rel="canonical")["href"] == f"{URL}/"
    image = soup.find("meta", property="og:image")["content"]
    assert image == f"{URL}/preview.png"
    raw = (site / "preview.png").read_bytes()
    assert struct.unpack(">II", raw[16:24]) == (preview.WIDTH, preview.HEIGHT)


def test_the_picture_says_the_same_bytes_twice():
    words = ("T", "Of 2 claims $a$ and $b$.", {"reproduced": (2, "reproduced")})
    assert preview.picture(*words) == preview.picture(*words)


def test_a_published_page_asks_for_nothing(site):
    with chromium() as browser:
        assert complaints(browser, site / "index.html") == []


def test_no_published_file_names_a_place_on_this_machine(site):
    for path in site.rglob("*"):
        if path.suffix in (".html", ".json", ".svg", ".yml"):
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text
            assert str(Path.home()) not in text


def test_the_workflow_may_do_no_more_than_it_must():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text())
    assert flow["permissions"] == {"contents": "read"}
    assert "permissions" not in flow["jobs"]["build"]
    assert flow["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_a_persons_own_results_are_in_no_data_package(tmp_path, monkeypatch):
    shutil.copytree(paths.data(), tmp_path / "data")
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    public = datapackage.files(), datapackage.descriptor()
    example = Path(__file__).parents[3] / "docs" / "examples" / "own.csv"
    intake.import_files([example])
    assert (tmp_path / "data" / "own.csv").is_file()
    assert (datapackage.files(), datapackage.descriptor()) == public
