import pytest

import synthetic
from broadsheet import collection
from broadsheet.errors import UsageError
from synthetic import markdown


def site(root, **changes):
    synthetic.write(root, {"01_one": ([markdown("# One")], {"colour": "red"})}, **changes)
    return collection.read(root / "notebooks")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent:project", "ModuleNotFoundError: No module named 'absent'"),
        ("synthetic:absent", "has no attribute 'absent'"),
        ("synthetic", "cannot be used"),
        ("synthetic:FILES", "cannot be used: TypeError"),
    ],
)
def test_a_project_that_leads_nowhere_is_refused_in_one_line(tmp_path, name, problem):
    with pytest.raises(UsageError, match=f"project '{name}' .*{problem}") as error:
        _ = site(tmp_path, project=name).project
    assert "\n" not in str(error.value)


def test_a_folder_without_a_site_map_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"collection\.yaml is missing; it lists the notebooks"):
        collection.read(tmp_path)


def test_what_the_engine_does_not_know_is_kept_for_the_project(tmp_path):
    found = site(tmp_path, glossary=["a"])
    assert found.more == {"glossary": ["a"]}
    assert found.pages[0].more == {"colour": "red"}
    assert found.home == tmp_path.resolve()
