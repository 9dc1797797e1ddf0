"""Dumps of the benchmark's database: real ones of PostgreSQL, packed and cut, and the older zip."""

import csv
import io
import json
import shutil
import subprocess
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import inferencex_api as api
import postgres
from frontier.data import paths, tables
from frontier.errors import DataError, UsageError
from frontier.sources import dump, intake

NASTY = 'tab\there, new\nline, back\\slash, "quotes", \\N and ünïcode'
CONFIG = [name for name in dump._CONFIG if name in api.row()]


def database():
    """Return the three tables as lists of dicts: sound runs, and those that must be left out."""
    rows = [*api.sweep(date="2026-09-01"), *api.sweep(date="2026-09-08", speed=1.2)]
    rows += api.sweep(model="gptoss120b", hardware="b200", isl=8192, date="2026-09-08")
    configs, runs, results = {}, {}, []
    for one in rows:
        key = tuple(one[k] for k in CONFIG)
        config = configs.setdefault(key, {"id": len(configs) + 1} | {k: one[k] for k in CONFIG})
        run = runs.setdefault(
            one["date"],
            {
                **{"id": len(runs) + 1, "github_run_id": 1000 + len(runs), "run_attempt": 2},
                **{"name": "sweep", "html_url": f"https://example.org/runs/{one['date']}"},
                **{"created_at": f"{one['date']} 10:00:00+00", "date": one["date"]},
            },
        )
        about = {k: one[k] for k in ("date", "isl", "osl", "conc", "image", "metrics")}
        about |= {"workflow_run_id": run["id"], "config_id": config["id"], "error": None}
        results.append(about | {"benchmark_type": "single_turn"})
    first = results[0]
    old = {"id": 99, "github_run_id": 1000, "run_attempt": 1} | {
        k: v
        for k, v in runs["2026-09-01"].items()
        if k in ("name", "html_url", "created_at", "date")
    }
    runs["superseded"] = old
    fast = first["metrics"] | {"tput_per_gpu": 1.0}
    results += [
        first | {"error": NASTY},
        first | {"workflow_run_id": 99, "metrics": fast},
        first | {"benchmark_type": "agentic_traces", "isl": None, "osl": None},
        first | {"conc": 256, "image": NASTY, "metrics": api.row(256)["metrics"] | {"note": NASTY}},
    ]
    for number, result in enumerate(results, start=1):
        result["id"] = number
    return {
        "configs": list(configs.values()),
        "workflow_runs": list(runs.values()),
        "benchmark_results": results,
    }


def as_csv(rows):
    """Return rows as PostgreSQL's COPY ... WITH CSV HEADER reads and writes them."""
    text = io.StringIO()
    names = list(rows[0])
    out = csv.writer(text, lineterminator="\n")
    out.writerow(names)
    for one in rows:
        values = [json.dumps(v) if isinstance(v, dict) else v for v in (one[n] for n in names)]
        out.writerow(["" if v is None else v for v in values])
    return ",".join(names), text.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A real dump, and what the server itself says of the rows that should come out of it."""
    postgres.require()
    base = tmp_path_factory.mktemp("dump")
    with postgres.server() as (place, call):
        at = ["-h", str(place), "-U", "postgres", "-d", "postgres"]
        call("psql", *at, "-v", "ON_ERROR_STOP=1", "-c", postgres.SCHEMA)
        call("psql", *at, "-c", "insert into server_logs (server_log) select repeat('log ', 5000)")
        for name, rows in database().items():
            names, text = as_csv(rows)
            copy = f"copy {name} ({names}) from stdin with csv header"
            call("psql", *at, "-v", "ON_ERROR_STOP=1", "-c", copy, input=text.encode())
        options = ["--format=custom", "--compress=0", "--no-owner", "--no-privileges"]
        whole = call("pg_dump", *at, *options).stdout
        # Restored into a second database of the same server: what any other reader would get.
        call("psql", *at, "-c", "create database again")
        again = [*at[:-1], "again"]
        call("pg_restore", *again[:4], "--exit-on-error", "-d", "again", input=whole)
        asked = """select c.hardware, c.model, r.isl, r.conc, r.date::text, r.image,
              (r.metrics->>'tput_per_gpu')::float8
            from benchmark_results r join configs c on c.id = r.config_id
              join (select distinct on (github_run_id) * from workflow_runs
                    order by github_run_id, run_attempt desc) w on w.id = r.workflow_run_id
            where r.error is null order by r.id"""
        said = call("psql", *again, "-At", "-c", f"select json_agg(t) from ({asked}) t").stdout
    file = base / "inferencex-2026-09-14.dump"
    file.write_bytes(whole)
    return file, json.loads(said)


@pytest.fixture
def home(tmp_path, monkeypatch):
    shutil.copytree(paths.data(), tmp_path / "data")
    monkeypatch.setenv("FRONTIER_HOME", str(tmp_path))
    return tmp_path


def parts_of(file, folder, size=4000):
    """Pack a dump as the weekly release does, and cut it."""
    packed = folder / f"{file.name}.zst"
    subprocess.run(["zstd", "-q", "-3", "--long=27", str(file), "-o", str(packed)], check=True)
    content = packed.read_bytes()
    found = []
    for number, start in enumerate(range(0, len(content), size)):
        found.append(folder / f"{packed.name}.part{number:02d}")
        found[-1].write_bytes(content[start : start + size])
    packed.unlink()
    return found


def as_zip(path, kind="csv", **names):
    content = database()
    with zipfile.ZipFile(path, "w") as archive:
        for table, rows in content.items():
            text = json.dumps(rows) if kind == "json" else as_csv(rows)[1]
            archive.writestr(f"dump/{names.get(table, table)}.{kind}", text)
    return path


# --- real dumps ---------------------------------------------------------------------------


@pytest.mark.slow
def test_the_rows_of_a_dump_are_those_that_a_server_restored_from_it_selects(made):
    file, said = made
    rows = dump.read([file])
    mine = [
        [
            r["hardware"],
            r["model"],
            r["isl"],
            r["conc"],
            r["date"],
            r["image"],
            r["metrics"]["tput_per_gpu"],
        ]
        for r in rows
    ]
    theirs = [
        [
            t["hardware"],
            t["model"],
            text(t["isl"]),
            text(t["conc"]),
            t["date"],
            t["image"],
            t["float8"],
        ]
        for t in said
    ]
    assert mine == theirs
    assert len(rows) == 20


def text(value):
    return None if value is None else str(value)


@pytest.mark.slow
def test_text_with_tabs_newlines_and_backslashes_comes_out_as_it_went_in(made):
    (one,) = [row for row in dump.read([made[0]]) if row["conc"] == "256"]
    assert one["image"] == one["metrics"]["note"] == NASTY


@pytest.mark.slow
def test_a_dump_packed_and_cut_is_the_same_in_any_order_of_its_parts(made, tmp_path):
    parts = parts_of(made[0], tmp_path)
    assert len(parts) > 1
    assert dump.read(reversed(parts)) == dump.read([made[0]])


@pytest.mark.slow
def test_a_dump_and_the_api_give_the_same_table(made, home):
    file, _ = made
    intake.refresh(source="dump", files=parts_of(file, home))
    columns = ["model", "hardware", "isl", "concurrency", "date", "throughput_per_gpu", "row_id"]
    columns += ["run_url"]
    from_dump = tables.read("inferencex")
    tables.verify()
    rows = [r for r in dump.read([file]) if r["isl"]]
    (home / "answer.json").write_text(json.dumps(rows))
    for path in (home / "data").glob("inferencex.*"):
        path.unlink()
    intake.import_files([home / "answer.json"])
    assert tables.read("inferencex")[columns].equals(from_dump[columns])
    assert from_dump["run_url"].str.endswith("/attempts/2").all()


@pytest.mark.slow
def test_a_dump_is_imported_as_one_file_too(made, home):
    report = intake.import_files([made[0]])
    assert (report.rows, report.agentic) == (19, 1)


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0.3, 0.9])
@pytest.mark.parametrize("packed", [True, False])
def test_half_a_dump_is_one_line_and_changes_nothing(made, home, cut, packed):
    file = home / "half.dump"
    content = parts_of(made[0], home, 10**9)[0].read_bytes() if packed else made[0].read_bytes()
    file.write_bytes(content[: int(len(content) * cut)])
    before = sorted((home / "data").iterdir())
    with pytest.raises(DataError, match=r"half\.dump: .*get it again"):
        intake.import_files([file])
    assert sorted((home / "data").iterdir()) == before


@pytest.mark.slow
def test_a_dump_of_something_else_is_one_line(tmp_path):
    postgres.require()
    with postgres.server() as (place, call):
        at = ["-h", str(place), "-U", "postgres", "-d", "postgres"]
        call("psql", *at, "-c", "create table other (id int)")
        (tmp_path / "other.dump").write_bytes(call("pg_dump", *at, "--format=custom").stdout)
    with pytest.raises(DataError, match=r"has no table configs; is it an InferenceX dump"):
        dump.read([tmp_path / "other.dump"])


@pytest.mark.slow
def test_a_dump_of_a_newer_postgresql_says_so(made, tmp_path):
    content = bytearray(made[0].read_bytes())
    content[5:7] = b"\x01\x63"  # the format's version
    (tmp_path / "new.dump").write_bytes(content)
    with pytest.raises(DataError, match=r"is from a newer PostgreSQL than pg_restore here"):
        dump.read([tmp_path / "new.dump"])


@pytest.mark.slow
def test_without_pg_restore_the_package_is_named(made, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"pg_restore is not installed.*postgresql-client"):
        dump.read([made[0]])


# --- the older zip ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("names", [{}, {"benchmark_results": "benchmark_results_raw"}])
def test_the_older_zip_gives_the_same_rows(tmp_path, home, kind, names):
    report = intake.import_files([as_zip(home / "dump.zip", kind, **names)])
    assert (report.rows, report.agentic) == (19, 1)
    tables.verify()


def test_a_zip_without_a_table_and_a_damaged_zip_are_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"empty\.zip: has no table configs"):
        dump.read([tmp_path / "empty.zip"])
    whole = as_zip(tmp_path / "whole.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"half\.zip: cannot be unpacked"):
        dump.read([tmp_path / "half.zip"])


def test_a_result_of_no_configuration_is_named_by_row(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("configs.csv", "id,hardware\n1,h200\n")
        archive.writestr("benchmark_results.csv", "id,config_id,metrics\n1,1,{}\n2,7,{}\n")
    with pytest.raises(DataError, match=r"d\.zip, row 2, column config_id: 7 is no row of configs"):
        dump.read([tmp_path / "d.zip"])


@pytest.mark.parametrize(
    ("runs", "results"),
    [
        ("number,name\n1,x\n", "id,config_id,metrics\n1,1,{}\n"),
        ("id,github_run_id,run_attempt\n1,2,second\n", "id,config_id,metrics\n1,1,{}\n"),
    ],
)
def test_tables_of_another_form_are_one_line(tmp_path, runs, results):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("configs.csv", "id,hardware\n1,h200\n")
        archive.writestr("workflow_runs.csv", runs)
        archive.writestr("benchmark_results.csv", results)
    with pytest.raises(DataError, match=r"d\.zip: has tables of another form"):
        dump.read([tmp_path / "d.zip"])


@pytest.mark.slow
def test_parts_of_a_dump_are_imported_together(made, home):
    report = intake.import_files(parts_of(made[0], home))
    assert (report.rows, report.agentic) == (19, 1)


def test_a_dump_is_asked_for_when_none_is_given(home):
    with pytest.raises(UsageError, match=r"needs the files of a dump: get one from https"):
        intake.refresh(source="dump")
    with pytest.raises(UsageError, match=r"nowhere\.dump is not a file"):
        intake.refresh(source="dump", files=[home / "nowhere.dump"])
    (home / "notes.dump").write_text("not a dump")
    with pytest.raises(DataError, match=r"is no dump"):
        intake.refresh(source="dump", files=[home / "notes.dump"])


# --- archives that cannot be what they say ------------------------------------------------------


def zipped(path, tables, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in tables.items():
            archive.writestr(name, content)
    return path


def test_the_release_of_two_csvs_without_runs_is_imported(home):
    """As inferencex-dashboard-data-2026-07-20.zip has it: configurations and raw results."""
    content = database()
    path = home / "inferencex-dashboard-data-2026-07-20.zip"
    tables_ = {
        "configs.csv": as_csv(content["configs"])[1],
        "benchmark_results_raw.csv": as_csv(content["benchmark_results"])[1],
    }
    report = intake.import_files([zipped(path, tables_)])
    # Without the runs nobody can say which attempt was superseded: the later row of a run stays.
    assert (report.rows, report.agentic, report.repeated) == (19, 1, 1)
    assert set(tables.read("inferencex")["model"]) == {"deepseek-r1", "gpt-oss-120b"}
    tables.verify()


ODD = {
    "null": ("null", "expected a list of rows"),
    "an object": ('{"a": 1}', "expected a list of rows"),
    "scalars": ("[1, 2]", "expected a list of rows"),
    "100,000 brackets": ("[" * 10**5, "nested more than 32 deep"),
    "half a text": ('[{"id": ', "is not JSON"),
    "a key that is there twice": ('[{"id": 1, "id": 2}]', "the key 'id' is there twice"),
    "bytes": (b"\xff\xfe\xfa", "is not UTF"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_json_in_an_archive_is_one_line(tmp_path, name):
    content, problem = ODD[name]
    path = zipped(tmp_path / "d.zip", {"configs.json": content, "benchmark_results.json": "[]"})
    with pytest.raises(DataError, match=problem) as failed:
        dump.read([path])
    assert "d.zip" in str(failed.value) and "\n" not in str(failed.value)


def patched(path, *changes):
    """Change bytes of the local header and of the directory of every entry of a zip."""
    content = bytearray(path.read_bytes())
    for signature, offset, value in changes:
        at = content.find(signature)
        while at >= 0:
            content[at + offset : at + offset + len(value)] = value
            at = content.find(signature, at + 4)
    path.write_bytes(content)
    return path


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
DAMAGED = {
    "encrypted": ([(LOCAL, 6, b"\x01\x00"), (CENTRAL, 8, b"\x01\x00")], "is encrypted"),
    "an unknown method": ([(LOCAL, 8, b"\x63\x00"), (CENTRAL, 10, b"\x63\x00")], "not supported"),
    "bzip2 that is none": ([(LOCAL, 8, b"\x0c\x00"), (CENTRAL, 10, b"\x0c\x00")], "cannot be unp"),
    "LZMA that is none": ([(LOCAL, 8, b"\x0e\x00"), (CENTRAL, 10, b"\x0e\x00")], "cannot be unp"),
    "another version": ([(CENTRAL, 6, b"\xc8\x00")], "zip file version 20"),
    "a damaged stream": ([(LOCAL, 45, b"\xff" * 40)], "cannot be unpacked"),
    "a size that is not so": (
        [(CENTRAL, 24, b"\x05\x00\x00\x00")],
        "cannot be unpacked|not JSON|r",
    ),
    "a size beyond all bounds": ([(CENTRAL, 24, b"\xff\xff\xff\xf0")], "unpacks to .* at most"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_or_locked_archive_is_one_line(tmp_path, name):
    changes, problem = DAMAGED[name]
    with pytest.raises(DataError, match=problem) as failed:
        dump.read([patched(as_deflated(tmp_path / "d.zip"), *changes)])
    assert "d.zip" in str(failed.value) and "\n" not in str(failed.value)


def as_deflated(path):
    return zipped(path, {f"{name}.csv": as_csv(rows)[1] for name, rows in database().items()})


def test_an_archive_that_unpacks_to_more_than_the_bound_is_refused_before_it_is_unpacked(
    tmp_path, monkeypatch
):
    path = as_deflated(tmp_path / "d.zip")
    unpacked = sum(entry.file_size for entry in zipfile.ZipFile(path).infolist())
    monkeypatch.setattr(dump, "MOST_BYTES", unpacked)
    assert dump.read([path])
    monkeypatch.setattr(dump, "MOST_BYTES", unpacked - 1)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(DataError, match=rf"unpacks to {unpacked:,} bytes, at most"):
        dump.read([path])


def test_an_archive_of_very_many_files_or_of_one_table_twice_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(dump, "MOST_MEMBERS", 3)
    many = zipped(tmp_path / "many.zip", {f"{n}.txt": "" for n in range(4)})
    with pytest.raises(DataError, match="has 4 files, at most 3"):
        dump.read([many])
    twice = zipped(tmp_path / "twice.zip", {"a/configs.csv": "id\n1\n", "b/configs.csv": "id\n2\n"})
    with pytest.raises(DataError, match="has two files of table configs"):
        dump.read([twice])


@pytest.mark.parametrize("row", ["1,2,3\n", "1\n"])
def test_a_row_of_an_archive_that_is_not_as_its_header_is_named(tmp_path, row):
    path = zipped(tmp_path / "d.zip", {"configs.csv": "id,hardware\n1,h200\n" + row})
    with pytest.raises(DataError, match=r"row 2 of configs\.csv is not as the header"):
        dump.read([path])


def test_deep_metrics_of_a_row_are_named_by_row(tmp_path):
    deep = "[" * 500 + "]" * 500
    tables_ = {
        "configs.csv": "id,hardware\n1,h200\n",
        "benchmark_results.csv": f'id,config_id,metrics\n1,1,{{}}\n2,1,"{deep}"\n',
    }
    with pytest.raises(DataError, match="row 2, column metrics: is nested more than 32 deep"):
        dump.read([zipped(tmp_path / "d.zip", tables_)])


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("bound", "told"), [("MOST_BYTES", "tables are"), ("MOST_LINE", "row is")])
def test_a_dump_whose_tables_are_over_a_bound_is_refused(
    made, tmp_path, monkeypatch, bound, told, packed
):
    monkeypatch.setattr(dump, bound, 300)
    files = parts_of(made[0], tmp_path) if packed else [made[0]]
    with pytest.raises(DataError, match=f"is damaged: its {told} over 300 characters"):
        dump.read(files)


def test_a_program_that_does_not_end_is_ended(made, monkeypatch):
    monkeypatch.setattr(dump, "MOST_SECONDS", 0)
    with pytest.raises(DataError, match="get it again"):
        dump.read([made[0]])


# --- COPY text ----------------------------------------------------------------------------


def escaped(value):
    """PostgreSQL's own rules for COPY's text, by its documentation."""
    if value is None:
        return "\\N"
    names = {
        "\\": "\\\\",
        "\t": "\\t",
        "\n": "\\n",
        "\r": "\\r",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
    return "".join(names.get(c, c) for c in value)


cells = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(rows=st.lists(st.tuples(cells, cells), max_size=6))
def test_copy_text_is_read_back_whatever_is_in_it(rows):
    lines = ["set x = 1;", 'COPY public.t (a, "b") FROM stdin;']
    lines += ["\t".join(map(escaped, row)) for row in rows]
    lines += ["\\.", "", "select 1;"]
    ((name, table),) = dump._copied(line + "\n" for line in lines)
    assert name == "t"
    assert [(row["a"], row["b"]) for row in table] == rows


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["COPY t (a, b) FROM stdin;", "1"], "row 1 of t has 1 values"),
        (["COPY t (a, b) FROM stdin;", "1\t2"], "table t does not end"),
    ],
)
def test_copy_text_that_ends_early_is_an_error(lines, problem):
    with pytest.raises(ValueError, match=problem):
        dict(dump._copied(lines))
