"""Migrations killed by SIGKILL at random moments, to a folder and to buckets, while the
source changes in half of them.

What was visible stays whole, a plain rerun has the source as it is then, and nothing stray
is left anywhere. `make test-faults` does 200 of them, a test each.
"""

import dataclasses
import os
import random
import re
import signal
import statistics
import subprocess
import threading
import time

import pyarrow.compute as pc
import pytest

from lakes import BucketLake, FolderLake
from test_exact import assert_same, in_postgres
from test_migrate import copying, wait_for

KILLS = int(os.environ.get("SHOESTRING_KILLS", 10))
SEED = int(os.environ.get("SHOESTRING_SEED", 1))
PLACES = ("folder", "seaweedfs", "folder", "versitygw")
TABLES = ("events", "people", "empty")
SOURCE = """
CREATE TABLE people (id int PRIMARY KEY, name text, version int NOT NULL);
CREATE TABLE events (id int PRIMARY KEY, filed date NOT NULL, person int, note text,
                     version int NOT NULL);
CREATE TABLE empty (id int, version int);
INSERT INTO people SELECT i, md5(i::text), 1 FROM generate_series(1, 2000) i;
CREATE FUNCTION event(i int, version int) RETURNS events LANGUAGE sql AS $$
  SELECT i, date '2024-01-01' + (i * 7 + version * 31) % 700, hashint4(i) % 100,
         repeat(md5((i + version)::text), 2), version
$$;
INSERT INTO events SELECT (event(i, 1)).* FROM generate_series(1, 40000) i;
"""
# Each is one transaction; {v} is the number of the version that it makes.
CHANGES = {
    "some rows": "UPDATE events SET version = {v} WHERE id % 20 = {v} % 20;"
                 "UPDATE people SET version = {v} WHERE id % 3 = 0",
    "one table": "UPDATE people SET name = name || 'x', version = {v} WHERE id % 50 = 1",
    "other months": "UPDATE events SET version = {v}, "
                    "filed = date '2024-01-01' + (id * 7 + {v} * 31) % 700",
    "other rows": "DELETE FROM events WHERE id % 40 = {v} % 40; INSERT INTO events "
                  "SELECT (event(40000 * {v} + i, {v})).* FROM generate_series(1, 1000) i;"
                  "UPDATE people SET version = {v}",
}
COLUMN = "ALTER TABLE people ADD extra_{v} int DEFAULT {v}; UPDATE people SET version = {v}"
MIGRATE = ("--partition-by", "filed:month", "--memory", "64MB")


# --- what tells one version from another, and from a mixture of two

def sums(rows):
    return (rows.num_rows, pc.sum(rows["version"]).as_py(), pc.sum(rows["id"]).as_py())


def by_iceberg(lake):
    return {table: sums(lake.iceberg(table).scan(
        selected_fields=("id", "version")).to_arrow()) for table in TABLES}


def by_listing(lake):
    return {table: sums(lake.rows(table)) for table in TABLES}


class Source:
    """A database that changes, and every version of it that there was."""

    def __init__(self, database):
        self.database = database
        self.url = database.url
        self.version = 1
        database.psql(SOURCE)
        self.versions = [self.sums()]

    def change(self, sql):
        self.version += 1
        self.database.psql(f"BEGIN; {sql.format(v=self.version)}; COMMIT")
        self.versions.append(self.sums())

    def sums(self):
        return {table: tuple(int(figure) if figure else None for figure in
                             self.database.psql(f"SELECT count(*), sum(version), sum(id) "
                                                f"FROM {table}").split("|"))
                for table in TABLES}


@dataclasses.dataclass
class Place:
    """A lake, where it lies, and how long a migration to it takes when nobody kills it."""

    binary: str
    source: Source
    lake: FolderLake | BucketLake
    seconds: list = dataclasses.field(default_factory=list)
    killed: int = 0
    left_over: int = 0

    def migrate(self, *flags, lake=None):
        """Returns what it said."""
        begun = time.monotonic()
        done = subprocess.run(self._command(flags, lake), env=self.lake.environment,
                              timeout=100, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if not flags and not lake:
            self.seconds.append(time.monotonic() - begun)
        return done.stderr

    def kill_after(self, seconds, *flags):
        """True if the run was still there to be killed."""
        process = subprocess.Popen(self._command(flags), env=self.lake.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() == -signal.SIGKILL

    def kill_at_work(self, *flags):
        """Kills a run that does not end by itself, once it copies."""
        process = subprocess.Popen(self._command(flags), env=self.lake.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: copying(self.source.database))
        process.kill()
        assert process.wait() == -signal.SIGKILL

    def usually(self):
        return statistics.median(self.seconds[-7:])

    def _command(self, flags, lake=None):
        return [self.binary, "migrate", "--source", self.source.url,
                *(lake or self.lake).flags, *(flags or MIGRATE)]


@pytest.fixture(scope="module")
def places(binary, pg15, request, tmp_path_factory):
    """places(kind): the place of that kind, with its first version in it."""
    made = {}

    def place(kind):
        if kind not in made:
            lake = (FolderLake(tmp_path_factory.mktemp("kill") / "lake")
                    if kind == "folder" else
                    BucketLake(request.getfixturevalue(kind).make_bucket().at("lake")))
            source = Source(pg15.create_database(f"kill_{kind}"))
            made[kind] = Place(binary, source, lake)
            for _ in range(3):
                made[kind].migrate()
        return made[kind]

    yield place
    for kind, place in made.items():
        pg15.drop_database(f"kill_{kind}")
        print(f"{kind}: {place.killed} kills, {place.left_over} left something behind; "
              f"a whole run takes {place.usually():.2f} s")
        if place.killed >= 20:
            assert place.left_over > place.killed / 4, "the moments were badly chosen"


# --- the kills

def meanwhile(source, changes, seconds):
    """Each change at its moment within so many seconds, in a thread."""
    def run():
        begun = time.monotonic()
        for moment, change in changes:
            time.sleep(max(0, begun + moment * seconds - time.monotonic()))
            source.change(change)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def kill(place, r):
    """Kills one run, at last; half of the moments are where publishing, committing and
    deleting are."""
    source = place.source
    while True:
        source.change(r.choice(list(CHANGES.values())))
        share = r.uniform(0, 1) if r.random() < 0.5 else r.uniform(0.7, 1)
        changes = [(r.uniform(0, share), r.choice(list(CHANGES.values())))
                   ] if r.random() < 0.5 else []
        thread = meanwhile(source, changes, place.usually())
        try:
            killed = place.kill_after(share * place.usually())
        finally:
            thread.join()
        if killed:
            return f"after {share:.3f} of the usual time, {len(changes)} changes meanwhile"


def check_visible(place, context):
    """One version of the source, whole; a plain reader sees it too, or two of them."""
    lake = place.lake
    visible = by_iceberg(lake)
    assert visible in place.source.versions, context
    needed = {key for key in lake.referenced() if key.startswith("data/")}
    if set(lake.keys("data/")) == needed:
        assert by_listing(lake) == visible, context
    place.killed += 1
    place.left_over += lake.strays() != []


def layout(lake, table):
    """Schema, sort order, partitions: what a version is but for the run that made it."""
    static = lake.iceberg(table)
    return (static.schema(), static.spec(), static.sort_order(),
            sorted(re.sub(r"[^/]*$", "", key) for key in lake.keys(f"data/{table}/")))


def check_like_fresh(place, folder, context):
    """The lake is like a copy of the source into an empty folder."""
    fresh = FolderLake(folder / "fresh")
    place.migrate(*MIGRATE, lake=fresh)
    lake = place.lake
    assert by_iceberg(lake) == by_listing(lake) == place.source.sums(), context
    for table in TABLES:
        assert layout(lake, table) == layout(fresh, table), context
        rows, expected = (one.rows(table).sort_by("id") for one in (lake, fresh))
        assert rows.select(expected.column_names).equals(expected), context
    assert lake.strays() == [], context


@pytest.mark.parametrize("number", range(KILLS))
def test_killed(places, tmp_path, number):
    place = places(PLACES[number % len(PLACES)])
    r = random.Random(f"{SEED} {number}")
    context = f"seed {SEED}, kill {number}, {kill(place, r)}"
    check_visible(place, context)
    while r.random() < 0.2:
        context += f"; then {kill(place, r)}"
        check_visible(place, context)
    if r.random() < 0.1:
        place.source.change(COLUMN)
    place.migrate()
    check_like_fresh(place, tmp_path, context)


@pytest.mark.parametrize("kind", dict.fromkeys(PLACES))
def test_killed_first_run(places, binary, request, tmp_path, kind):
    """There is no version yet that could stay."""
    measured = places(kind)
    lake = (FolderLake(tmp_path / "lake") if kind == "folder" else
            BucketLake(request.getfixturevalue(kind).make_bucket()))
    place = dataclasses.replace(measured, lake=lake)
    for share in (0.3, 0.5, 0.7, 0.8, 0.9, 1.0):
        place.kill_after(share * measured.usually())
        if lake.state():
            assert by_iceberg(lake) == place.source.sums()
    place.migrate()
    check_like_fresh(place, tmp_path, "first run")
    for table in TABLES:
        assert_same(lake.rows(table), in_postgres(place.source.database, table, tmp_path))


@pytest.mark.parametrize("kind", dict.fromkeys(PLACES))
def test_killed_run_of_other_tables_is_cleared_up_after(places, kind):
    place = places(kind)
    place.migrate()
    before = by_iceberg(place.lake)
    place.source.change("CREATE VIEW slow AS SELECT i, pg_sleep(0.01)::text AS nap FROM "
                        "generate_series(1, 100000) i; UPDATE people SET version = {v}")
    place.kill_at_work("--table", "slow")
    assert "Cleared up after run" in place.migrate("--table", "people")
    assert place.lake.strays() == []
    assert by_iceberg(place.lake) == {**before, "people": place.source.sums()["people"]}
