"""Migrations killed by SIGKILL at random moments, while the source has changed.

What was visible stays whole, the next run is right, and nothing stray is left anywhere.
"""

import os
import random
import signal
import statistics
import subprocess
import time

import pyarrow.compute as pc
import pytest

from test_exact import assert_same, by_pyarrow, check_layout, in_postgres
from test_migrate import at_work, wait_for
from test_readers import iceberg, referenced, strays

KILLS = int(os.environ.get("SHOESTRING_KILLS", 50))
SEED = int(os.environ.get("SHOESTRING_SEED", 1))
TABLES = ("events", "people", "empty")
SOURCE = """
CREATE TABLE people (id int PRIMARY KEY, name text, version int NOT NULL);
CREATE TABLE events (id int PRIMARY KEY, filed date NOT NULL, person int, note text,
                     version int NOT NULL);
CREATE TABLE empty (id int, version int);
CREATE PROCEDURE fill(version int) LANGUAGE sql AS $$
  TRUNCATE people, events;
  INSERT INTO people SELECT i, md5(i::text), version FROM generate_series(1, 2000) i;
  INSERT INTO events SELECT i, date '2024-01-01' + (i * 7 + version * 31) % 700,
                            hashint4(i) % 100, repeat(md5((i + version)::text), 2),
                            version
                     FROM generate_series(1, 40000) i;
$$;
"""
MIGRATE = ("--partition-by", "filed:month", "--memory", "64MB")


def sums(rows):
    """What tells one version from another, and from a mixture of two."""
    return (rows.num_rows, pc.sum(rows["version"]).as_py(), pc.sum(rows["id"]).as_py())


def by_iceberg(lake):
    return {table: sums(iceberg(lake, table).scan(
        selected_fields=("id", "version")).to_arrow()) for table in TABLES}


def by_folder(lake):
    return {table: sums(by_pyarrow(lake, table)) for table in TABLES}


def in_source(database):
    return {table: tuple(int(figure) if figure else None for figure in database.psql(
        f"SELECT count(*), sum(version), sum(id) FROM {table}").split("|"))
        for table in TABLES}


class Migration:
    """The command, and how long it takes when nobody kills it."""

    def __init__(self, binary, database, lake):
        self.lake = lake
        self.command = [binary, "migrate", "--source", database.url, "--lake", lake]
        self.flags = MIGRATE
        self.seconds = []

    def run(self, *flags):
        begun = time.monotonic()
        done = subprocess.run([*self.command, *(flags or self.flags)], timeout=100,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if not flags:
            self.seconds.append(time.monotonic() - begun)
        return done.stderr

    def usually(self):
        return statistics.median(self.seconds[-7:])

    def kill_after(self, seconds, *flags):
        """True if the run was still there to be killed."""
        process = subprocess.Popen([*self.command, *(flags or self.flags)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() == -signal.SIGKILL


    def kill_at_work(self, *flags):
        """Kills a run that does not end by itself, as soon as it has announced itself."""
        process = subprocess.Popen([*self.command, *flags], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        wait_for(lambda: at_work(self.lake))
        process.kill()
        assert process.wait() == -signal.SIGKILL


@pytest.fixture
def database(pg15, make_database):
    database = make_database(pg15)
    database.psql(SOURCE + "CALL fill(1)")
    return database


@pytest.fixture
def migration(binary, database, tmp_path):
    return Migration(binary, database, tmp_path / "lake")


def test_killed_at_random_moments(database, migration, tmp_path):
    lake = migration.lake
    for _ in range(3):
        migration.run()
    r = random.Random(SEED)
    visible, killed, left_over, windows, version = in_source(database), 0, 0, 0, 1
    while killed < KILLS:
        version += 1
        database.psql(f"CALL fill({version})")
        before = (lake / "catalog/lake.json").read_bytes()
        # Half of the kills go where publishing, committing and deleting are.
        share = r.uniform(0, 1) if r.random() < 0.5 else r.uniform(0.7, 1)
        if not migration.kill_after(share * migration.usually()):
            visible = in_source(database)
            assert by_iceberg(lake) == by_folder(lake) == visible
            continue
        killed += 1
        context = f"seed {SEED}, kill {killed} after {share:.3f} of the usual time"
        if (lake / "catalog/lake.json").read_bytes() != before:
            visible = in_source(database)
        assert by_iceberg(lake) == visible, context
        present = {str(path.relative_to(lake)) for path in (lake / "data").rglob("*")
                   if path.is_file()}
        needed = {key for key in referenced(lake) if key.startswith("data/")}
        two_versions = present != needed
        windows += two_versions
        if not two_versions:
            assert by_folder(lake) == visible, context
        left_over += strays(lake) != []
        if r.random() < 0.3:
            continue  # the next one is killed, too
        migration.run()
        visible = in_source(database)
        assert by_iceberg(lake) == by_folder(lake) == visible, context
        assert strays(lake) == [], context
    migration.run()
    for table in TABLES:
        assert_same(by_pyarrow(lake, table), in_postgres(database, table, tmp_path))
        check_layout(lake, table)
    assert strays(lake) == []
    print(f"{killed} kills, {left_over} left something behind, {windows} of them in "
          f"data/; a whole run takes {migration.usually():.2f} s")
    assert left_over > killed / 4, "the moments were badly chosen"


def test_killed_first_run(database, migration, binary, tmp_path):
    """There is no version yet that could stay."""
    measured = Migration(binary, database, tmp_path / "measured")
    measured.run()
    for share in (0.3, 0.5, 0.7, 0.8, 0.9, 1.0):
        migration.kill_after(share * measured.usually())
        if (migration.lake / "catalog/lake.json").exists():
            assert by_iceberg(migration.lake) == in_source(database)
    migration.run()
    lake = migration.lake
    assert by_iceberg(lake) == by_folder(lake) == in_source(database)
    assert strays(lake) == []


def test_killed_run_of_other_tables_is_cleared_up_after(database, migration):
    lake = migration.lake
    migration.run()
    before = by_iceberg(lake)
    database.psql("CREATE VIEW slow AS SELECT i, pg_sleep(0.01)::text AS nap "
                  "FROM generate_series(1, 100000) i; CALL fill(2)")
    migration.kill_at_work("--table", "slow", "--table", "events")
    assert "Cleared up after run" in migration.run("--table", "people")
    assert strays(lake) == []
    assert by_iceberg(lake) == {**before, "people": in_source(database)["people"]}
