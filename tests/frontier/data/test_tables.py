import gzip
import hashlib
import re

import pandas as pd
import pytest
import yaml

from frontier.data import paths, tables
from frontier.errors import DataError, UsageError

COLUMNS = {
    "name": {"dtype": "string", "unit": "", "description": "a name"},
    "count": {"dtype": "int", "unit": "", "description": "a count"},
    "rate": {"dtype": "float", "unit": "tok/s", "description": "a rate"},
    "on": {"dtype": "bool", "unit": "", "description": "a flag"},
    "day": {"dtype": "date", "unit": "", "description": "a day"},
}
META = {
    **{"title": "T", "producer": "P", "citation": "C", "url": "https://example.org"},
    **{"accessed": "2026-01-01", "licence": "L", "columns": COLUMNS},
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    paths.data().mkdir()
    return tmp_path


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "name": ["a, b", "", 'c"'],
            "count": [1, 2, 3],
            "rate": [0.1, float("nan"), 1e-7],
            "on": [True, False, True],
            "day": pd.to_datetime(["2026-01-01", None, "2026-03-02"]),
        }
    )


def damage(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_table_without_a_sidecar_is_refused(home, frame):
    path = tables.write("t", frame, META)
    (path.parent / "t.meta.yml").unlink()
    with pytest.raises(DataError, match=r"t\.meta\.yml: is missing.*; restore"):
        tables.read("t")


def test_a_sidecar_without_a_table_fails_verification(home, frame):
    tables.write("t", frame, META).unlink()
    with pytest.raises(DataError, match="its table is missing"):
        tables.verify()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a, b", "a; b", "its sha256 is not the one in its sidecar; restore the file"),
        (",0.1,", ",O.1,", "row 1, column rate: expected float, found 'O.1'"),
        (",2,", ",2.5,", "row 2, column count: expected int, found '2.5'"),
        (",1e-07,", ",inf,", "row 3, column rate: expected float, found 'inf'"),
        ("False", "no", "row 2, column on: expected bool, found 'no'"),
        ("2026-03-02", "2026-13-02", "row 3, column day: expected date"),
        (",True,2026-01-01", ",True", "row 1: has 4 values, expected 5"),
        ("name,count", "nom,count", "column name: the header is not the list of columns"),
    ],
)
def test_a_changed_table_is_refused_and_the_damage_located(home, frame, old, new, message):
    path = tables.write("t", frame, META)
    damage(path, old, new)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        tables.read("t")
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("cut", [slice(0, 10), slice(0, -9), slice(3, None)])
def test_a_damaged_gzip_file_is_one_line(home, frame, monkeypatch, cut):
    monkeypatch.setattr(tables, "PLAIN_LIMIT", 0)
    path = tables.write("t", frame, META)
    path.write_bytes(path.read_bytes()[cut])
    with pytest.raises(DataError, match=r"t\.csv\.gz: is (not a gzip file|cut short)") as caught:
        tables.read("t")
    assert "\n" not in str(caught.value)


def test_values_that_do_not_fit_are_found_even_when_the_sidecar_vouches_for_them(home, frame):
    path = tables.write("t", frame, META)
    damage(path, ",2,", ",two,")
    sidecar = yaml.safe_load((home / "data/t.meta.yml").read_text())
    sidecar["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (home / "data/t.meta.yml").write_text(yaml.safe_dump(sidecar, sort_keys=False))
    with pytest.raises(DataError, match=r"row 2, column count: expected int, found 'two'"):
        tables.verify()


def test_a_packed_table_that_was_read_is_refused_under_a_name_that_says_it_is_none(
    home, frame, monkeypatch
):
    monkeypatch.setattr(tables, "PLAIN_LIMIT", 0)
    path = tables.write("t", frame, META)
    assert len(tables.read("t")) == len(frame)
    path.rename(path.with_suffix(""))
    with pytest.raises(DataError, match=r"t\.csv: is not UTF-8 text"):
        tables.read("t")


@pytest.mark.parametrize(
    ("entry", "message"),
    [("licence", "lacks the entry 'licence'"), ("columns", "lacks the entry 'columns'")],
)
def test_an_incomplete_sidecar_is_refused(home, frame, entry, message):
    tables.write("t", frame, META)
    path = home / "data/t.meta.yml"
    sidecar = yaml.safe_load(path.read_text())
    del sidecar[entry]
    path.write_text(yaml.safe_dump(sidecar))
    with pytest.raises(DataError, match=message):
        tables.read("t")


@pytest.mark.parametrize(
    "raw", [b"a: [1\nb: {", b"accessed: 2026-02-30", b"[" * 100_000, b"title: \xff"]
)
def test_a_sidecar_that_is_not_yaml_is_one_line(home, frame, raw):
    tables.write("t", frame, META)
    (home / "data/t.meta.yml").write_bytes(raw)
    with pytest.raises(DataError, match="is not YAML") as caught:
        tables.read("t")
    assert "\n" not in str(caught.value)


def test_a_sidecar_that_a_reader_changes_is_whole_for_the_next_one(home, frame):
    tables.write("t", frame, META)
    tables.meta("t")["columns"].clear()
    assert list(tables.meta("t")["columns"]) == list(tables.read("t")) == list(META["columns"])


def test_only_tables_that_are_kept_are_parsed_before_somebody_asks(home, frame, monkeypatch):
    tables.write("t", frame, META)
    tables.write("large", pd.concat([frame] * 100), META)
    monkeypatch.setattr(tables, "_KEPT", (home / "data/t.csv").stat().st_size)
    tables.remember()
    read, parsed = [], tables._parse
    monkeypatch.setattr(tables, "_parse", lambda *a: (read.append(a[0].name), parsed(*a))[1])
    assert len(tables.read("t")) == len(frame) and len(tables.read("large")) == 100 * len(frame)
    assert read == ["large.csv"]


def test_rows_that_the_sidecar_does_not_count_fail_verification(home, frame):
    tables.write("t", frame, META)
    damage(home / "data/t.meta.yml", "rows: 3", "rows: 4")
    with pytest.raises(DataError, match="has 3 rows, its sidecar says 4"):
        tables.verify()


def test_an_unknown_table_is_a_usage_error_that_lists_the_tables(home, frame):
    tables.write("t", frame, META)
    with pytest.raises(UsageError, match=r"no table 'u'.*there are t"):
        tables.read("u")


def test_a_frame_without_a_column_of_its_sidecar_is_not_written(home, frame):
    with pytest.raises(DataError, match="column rate: the column is missing"):
        tables.write("t", frame.drop(columns="rate"), META)
    assert tables.names() == []


def test_what_is_written_is_read_back_typed_and_leaves_the_frame_alone(home, frame, unchanged):
    unchanged(tables.write, "t", frame, META)
    back = tables.read("t")
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)
    assert [str(t) for t in back.dtypes] == ["str", "int64", "float64", "bool", "datetime64[us]"]
    tables.verify()
    assert tables.digests()[0][0] == "t.csv"


def test_a_table_without_rows_keeps_its_types(home, frame):
    tables.write("t", frame.iloc[:0], META)
    assert tables.read("t").dtypes.astype(str).tolist()[1:] == [
        *("int64", "float64", "bool", "datetime64[us]")
    ]


def test_a_large_table_is_compressed_and_takes_the_place_of_the_plain_one(home, frame, monkeypatch):
    assert tables.write("t", frame, META).name == "t.csv"
    monkeypatch.setattr(tables, "PLAIN_LIMIT", 10)
    path = tables.write("t", frame, META)
    assert [p.name for p in sorted(path.parent.iterdir())] == ["t.csv.gz", "t.meta.yml"]
    first = path.read_bytes()
    assert first[4:8] == bytes(4)  # no time of making in the gzip header
    assert tables.write("t", frame, META).read_bytes() == first
    assert gzip.decompress(first).decode().startswith("name,count,rate,on,day\n")


def test_an_edit_by_hand_is_sealed(home, frame):
    damage(tables.write("t", frame, META), ",2,", ",7,")
    with pytest.raises(DataError):
        tables.read("t")
    tables.seal("t")
    assert tables.read("t")["count"].tolist() == [1, 7, 3]


def test_the_tables_of_the_project_are_those_their_sidecars_vouch_for():
    tables.verify()
    assert "quarantine" in tables.names()
    for name in tables.names():
        for key in ("title", "producer", "citation", "url", "accessed", "published", "licence"):
            assert str(tables.meta(name)[key]).strip(), (name, key)
        assert all(about["description"] for about in tables.meta(name)["columns"].values())
