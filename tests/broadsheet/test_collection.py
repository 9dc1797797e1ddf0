import pytest
import yaml

import synthetic
from broadsheet import collection
from frontier.errors import UsageError
from synthetic import markdown


def site(root, **changes):
    synthetic.write(root, {"01_one": ([markdown("# One")], ["a"])})
    path = root / "notebooks" / "collection.yaml"
    known = yaml.safe_load(path.read_text())
    known["pages"][0].update(changes.pop("page", {}))
    path.write_text(yaml.safe_dump({**known, **changes}))
    return collection.read(root / "notebooks")


@pytest.mark.parametrize(
    "changes",
    [
        {"glossary": [{"also": ["x"]}]},
        {"glossary": [{"term": "TTFT"}]},
        {"errata": [{"report": ""}]},
        {"errata": ["a text"]},
        {"pages": [{"title": "no notebook"}]},
    ],
)
def test_a_malformed_site_map_is_refused_in_one_line(tmp_path, changes):
    with pytest.raises(UsageError, match="is not a site map"):
        site(tmp_path, **changes)


def test_an_erratum_that_names_no_report_is_refused(tmp_path):
    with pytest.raises(UsageError, match="an erratum names '02_two', which is no report"):
        site(tmp_path, errata=[{"text": "x", "report": "02_two"}])


def test_a_site_map_without_terms_and_errata_has_none(tmp_path):
    found = site(tmp_path)
    assert (found.terms, found.errata, found.pages[0].figure) == ((), (), "")


def test_terms_errata_and_the_figure_that_decides_are_read(tmp_path):
    found = site(
        tmp_path,
        page={"figure": "01-ratio"},
        glossary=[{"term": "Time to first", "also": ["TTFT"], "meaning": "m"}],
        errata=[{"text": "x", "report": "01_one"}],
    )
    assert found.pages[0].figure == "01-ratio"
    assert (found.terms[0].anchor, found.terms[0].also) == ("time-to-first", ("TTFT",))
    assert found.errata == (collection.Erratum("x", "01_one"),)
