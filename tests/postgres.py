"""A PostgreSQL server of the tests' own, where it is installed, for dumps that are real."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

# The tables and columns that InferenceX's database has, as far as a reader of its dumps sees.
SCHEMA = """
create table configs (
  id serial primary key, hardware text not null, framework text not null, model text not null,
  precision text not null, spec_method text not null, disagg boolean not null default false,
  is_multinode boolean not null default false, prefill_tp smallint not null,
  prefill_ep smallint not null default 1, prefill_dp_attention boolean not null default false,
  prefill_num_workers smallint not null default 0, decode_tp smallint not null,
  decode_ep smallint not null default 1, decode_dp_attention boolean not null default false,
  decode_num_workers smallint not null default 0, num_prefill_gpu smallint not null,
  num_decode_gpu smallint not null);
create table workflow_runs (
  id bigserial primary key, github_run_id bigint not null, run_attempt smallint not null default 0,
  name text not null, html_url text, created_at timestamptz not null, date date not null);
create table server_logs (id bigserial primary key, server_log text not null);
create table benchmark_results (
  id bigserial primary key, workflow_run_id bigint not null references workflow_runs(id),
  config_id integer not null references configs(id), benchmark_type text not null,
  date date not null, isl integer, osl integer, conc integer, image text,
  metrics jsonb not null, error text, server_log_id bigint references server_logs(id),
  workers jsonb);
"""


def folder() -> Path | None:
    """Return the folder of PostgreSQL's programs, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None


def require():
    """Skip aloud where there is no PostgreSQL or zstd."""
    missing = [] if folder() else ["PostgreSQL's server (Debian's package postgresql)"]
    missing += [name for name in ("pg_restore", "zstd") if not shutil.which(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: no real dump can be made")


@contextlib.contextmanager
def server():
    """Run a server on a socket and on no port; give its folder and a way to call programs."""
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    demote = {}
    place = Path(tempfile.mkdtemp(prefix="pg-"))
    place.chmod(0o755)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(place, user.pw_uid, user.pw_gid)
        demote = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def call(program, *arguments, **options):
        command = [str(folder() / program), *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, cwd="/", **demote, **options
        )

    data = place / "data"
    call("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-k {place} -h '' -c fsync=off"
    call("pg_ctl", "-D", str(data), "-o", options, "-w", "-l", str(place / "log"), "start")
    try:
        yield place, call
    finally:
        call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)
