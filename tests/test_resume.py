"""Migrations that did not end, and the next ones that go on from there; `runs`."""

import json
import signal
import subprocess
import time

import pytest

from test_exact import assert_same, by_pyarrow, in_postgres
from test_readers import current_metadata, strays

# The view keeps its run from ending, as long as the database says so.
SOURCE = """
CREATE TABLE orders (id int PRIMARY KEY, filed date NOT NULL, note text);
CREATE TABLE people (id int PRIMARY KEY, name text);
INSERT INTO orders SELECT i, date '2024-01-01' + i % 400, md5(i::text)
                   FROM generate_series(1, 5000) i;
INSERT INTO people SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
CREATE VIEW gate AS SELECT i, pg_sleep(current_setting('test.nap')::float)::text AS nap
                    FROM generate_series(1, 1000) i;
"""
FLAGS = ("--table", "orders", "--table", "people", "--table", "gate",
         "--partition-by", "filed:year", "--jobs", "2", "--memory", "64MB")


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


class Source:
    """A database, a lake, and migrations between them."""

    def __init__(self, database, binary, shoestring, lake):
        self.database, self.lake = database, lake
        self.binary, self.shoestring = binary, shoestring
        self.started = []

    def nap(self, seconds):
        self.database.psql(f"ALTER DATABASE {self.database.name} "
                           f"SET test.nap = '{seconds}'")

    def start(self, *flags):
        process = subprocess.Popen(
            [self.binary, "migrate", "--source", self.database.url, "--lake", self.lake,
             *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def journal(self):
        return sorted(self.lake.glob("runs/*/tables/*.json"))

    def noted(self):
        """What is said of each finished table, by its name."""
        return {table["table"]: table for path in self.journal()
                for table in json.loads(path.read_text())["tables"]}

    def start_and_wait(self, *flags, tables=2):
        """A run that has finished so many tables, and cannot end."""
        self.nap(1)
        process = self.start(*(flags or FLAGS))
        wait_for(lambda: len(self.noted()) == tables)
        self.nap(0)
        return process

    def interrupt(self, *flags, how=signal.SIGKILL, tables=2):
        process = self.start_and_wait(*flags, tables=tables)
        process.send_signal(how)
        error = process.communicate(timeout=60)[1]
        self.end_sessions()
        return error

    def end_sessions(self):
        self.database.psql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid()")

    def migrate(self, *flags, **options):
        done = self.shoestring("migrate", "--source", self.database.url, "--lake",
                               self.lake, "--json", *(flags or FLAGS), **options)
        return json.loads(done.stdout) if not options.get("code") else done.stderr

    def runs(self):
        return json.loads(self.shoestring("runs", "--lake", self.lake, "--json").stdout)

    def check(self, tmp_path, *tables):
        """The lake holds what the source does, and nothing is left over."""
        for table in tables or ("orders", "people"):
            assert_same(by_pyarrow(self.lake, table),
                        in_postgres(self.database, table, tmp_path))
        assert strays(self.lake) == []


def resumed(report):
    return {table["table"]: table["kept"] for table in report["resumed"]}


def runs_of_files(lake, table):
    return {path.name[:24] for path in (lake / "data" / table).rglob("*.parquet")}


@pytest.fixture
def source(pg15, make_database, binary, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql(SOURCE)
    source = Source(database, binary, shoestring, tmp_path / "lake")
    source.nap(0)
    yield source
    for process in source.started:
        if process.poll() is None:
            process.kill()
            process.communicate()
    source.end_sessions()


def test_goes_on_after_a_kill(source, tmp_path):
    source.interrupt()
    dead, = source.runs()
    assert dead["state"] == "dead" and dead["command"] == "migrate"
    assert {table["table"]: table["rows"] for table in dead["kept"]} == {
        "orders": 5000, "people": 1000}
    assert not (source.lake / "data").exists()

    report = source.migrate()
    assert resumed(report) == {"orders": True, "people": True}
    tables = {table["table"]: table for table in report["tables"]}
    assert tables["orders"]["kept_from"] == dead["run"]
    assert tables["orders"]["source_lsn"] == dead["kept"][0]["source_lsn"]
    assert tables["gate"]["kept_from"] == ""
    assert report["rows_verified"] == 7000
    assert runs_of_files(source.lake, "orders") == {dead["run"]}
    assert runs_of_files(source.lake, "gate") == {report["run"]}
    source.check(tmp_path)
    done, = source.runs()
    assert (done["run"], done["state"], done["rows"]) == (report["run"], "committed", 7000)

    # What was committed is nothing to go on from.
    again = source.migrate()
    assert again["resumed"] == []
    assert runs_of_files(source.lake, "orders") == {again["run"]}
    source.check(tmp_path)


def test_goes_on_after_it_was_stopped_or_failed(source, tmp_path):
    error = source.interrupt(how=signal.SIGINT)
    assert [(run["state"], len(run["kept"])) for run in source.runs()] == [("failed", 2)]
    assert "What is finished is kept, 2 of 3 tables: run the same command again" in error
    # Killed again before anything else was finished.
    source.nap(1)
    process = source.start(*FLAGS)
    wait_for(lambda: [run for run in source.runs() if run["state"] == "taken"])
    process.kill()
    process.communicate()
    source.end_sessions()
    # And once more, by the source.
    process = source.start(*FLAGS)
    wait_for(lambda: [run for run in source.runs() if run["state"] == "taken"])
    wait_for(lambda: source.database.psql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND query LIKE 'COPY%'").strip() == "1")
    source.end_sessions()
    assert "What is finished is kept, 2 of 3 tables" in process.communicate(timeout=60)[1]
    source.nap(0)
    assert [(run["state"], len(run["kept"])) for run in source.runs()] == [("dead", 2)]
    listing = source.shoestring("runs", "--lake", source.lake).stdout
    assert "Stopped on request" in listing and "kept: orders, 5,000 rows" in listing

    assert resumed(source.migrate()) == {"orders": True, "people": True}
    source.check(tmp_path)


def test_nothing_finished_leaves_nothing(source):
    source.nap(1)
    process = source.start("--table", "gate")
    wait_for(lambda: list(source.lake.glob("runs/*/run.json")))
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert "is kept" not in process.communicate(timeout=60)[1]
    assert source.runs() == []
    assert [path.name for path in source.lake.rglob("*") if path.is_file()] == ["lock"]


# What is done to a table meanwhile, and whether it is still the same.
CHANGES = {
    "inserted": ("INSERT INTO {t} VALUES (0, 'a')", False),
    "updated": ("UPDATE {t} SET name = 'b' WHERE id = 7", False),
    "deleted": ("DELETE FROM {t} WHERE id = 7", False),
    "exchanged": ("DELETE FROM {t} WHERE id = 7; INSERT INTO {t} VALUES (0, 'a')", False),
    "truncated": ("TRUNCATE {t}", False),
    "altered": ("ALTER TABLE {t} ADD more int DEFAULT 5", False),
    "retyped": ("ALTER TABLE {t} ALTER name TYPE varchar(100)", False),
    "renewed": ("ALTER TABLE {t} DROP name; ALTER TABLE {t} ADD name text DEFAULT 'c'",
                False),
    "replaced": ("CREATE TABLE new (LIKE {t}); INSERT INTO new SELECT * FROM {t}; "
                 "DROP TABLE {t}; ALTER TABLE new RENAME TO {t}", False),
    "untouched": ("SELECT 1", True),
    "rewritten": ("VACUUM (FULL, FREEZE) {t}", True),
    "vacuumed": ("VACUUM (FREEZE, ANALYZE) {t}", True),
    "rolled_back": ("BEGIN; DELETE FROM {t}; ROLLBACK", True),
    "locked": ("SELECT * FROM {t} FOR UPDATE", True),
    "commented": ("COMMENT ON TABLE {t} IS 'new'", True),
}


def test_keeps_exactly_what_is_the_same(source, tmp_path):
    psql = source.database.psql
    for table in CHANGES:
        psql(f"CREATE TABLE {table} (id int NOT NULL, name text); INSERT INTO {table} "
             "SELECT i, md5(i::text) FROM generate_series(1, 100) i")
    psql("""
        CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE TABLE moody (id int, mood mood);
        CREATE TABLE steady (id int, mood mood[]);
        INSERT INTO moody SELECT i, 'good' FROM generate_series(1, 100) i;
        CREATE TYPE pair AS (a int, b text);
        CREATE TABLE composite (id int, pair pair);
        INSERT INTO composite VALUES (1, (2, 'c'));
        CREATE TABLE leaves (id int, part int) PARTITION BY LIST (part);
        CREATE TABLE leaf PARTITION OF leaves FOR VALUES IN (1);
        CREATE TABLE other (id int, part int);
        CREATE TABLE same_leaves (id int, part int) PARTITION BY LIST (part);
        CREATE TABLE same_leaf PARTITION OF same_leaves FOR VALUES IN (1);
        INSERT INTO leaves SELECT i, 1 FROM generate_series(1, 100) i;
        INSERT INTO same_leaves SELECT i, 1 FROM generate_series(1, 100) i;
        INSERT INTO other SELECT -i, 2 FROM generate_series(1, 100) i""")
    expected = {table: same for table, (_, same) in CHANGES.items()}
    expected |= {"moody": False, "steady": False, "composite": False, "leaves": False,
                 "same_leaves": True}
    flags = [flag for table in (*expected, "gate") for flag in ("--table", table)]
    flags += ["--jobs", "2"]
    source.interrupt(*flags, tables=len(expected))
    for table, (change, _) in CHANGES.items():
        for statement in [change] if "BEGIN" in change else change.split("; "):
            psql(statement.format(t=table))
    psql("ALTER TYPE mood RENAME VALUE 'good' TO 'fine'")
    # As many rows as before, all of them old.
    psql("ALTER TABLE leaves DETACH PARTITION leaf; ALTER TABLE leaf RENAME TO old_leaf; "
         "ALTER TABLE other RENAME TO leaf; "
         "ALTER TABLE leaves ATTACH PARTITION leaf FOR VALUES IN (2)")

    report = source.migrate(*flags)
    assert resumed(report) == expected
    source.check(tmp_path, *expected)
    why = {table["table"]: table["why"] for table in report["resumed"]}
    assert why["updated"] == "it may have changed since"
    assert why["moody"].startswith("its columns, types")
    assert "hang on more than the rows" in why["composite"]


def test_keep_and_fresh(source, tmp_path):
    source.interrupt()
    source.database.psql("UPDATE people SET name = 'changed' WHERE id = 1")
    error = source.migrate("--keep", "--fresh", code=2)
    assert "excludes" in error
    report = source.migrate(*FLAGS, "--keep")
    assert resumed(report) == {"orders": True, "people": True}
    assert "changed" not in by_pyarrow(source.lake, "people")["name"].to_pylist()
    people = next(one for one in report["tables"] if one["table"] == "people")
    assert people["source_lsn"] != report["source_lsn"]
    version = current_metadata(source.lake, "people")

    source.interrupt()
    dead = next(run["run"] for run in source.runs() if run["state"] == "dead")
    assert current_metadata(source.lake, "people") == version
    report = source.migrate(*FLAGS, "--fresh")
    assert report["resumed"] == [] and report["cleared_runs"] == [dead]
    source.check(tmp_path)


def test_of_two_one_goes_on(source, tmp_path):
    source.interrupt()
    source.nap(0.005)
    both = [source.start(*FLAGS) for _ in range(2)]
    ends = [(process.communicate(timeout=100)[1], process.returncode) for process in both]
    assert sorted(code for _, code in ends) == [0, 4], ends
    won, lost = sorted(ends, key=lambda end: end[1])
    assert "at work on the same tables" in lost[0]
    assert "orders: kept as run" in won[0]
    source.check(tmp_path)


def test_a_paused_run_cannot_commit(source, tmp_path):
    process = source.start_and_wait()
    process.send_signal(signal.SIGSTOP)
    record = source.lake / "runs" / source.runs()[0]["run"] / "run.json"
    run = json.loads(record.read_text())
    # As if it were another machine's.
    run["lease"]["boot_id"] = "another"
    run["lease"]["heartbeat_ms"] -= 300_000
    record.write_text(json.dumps(run))
    report = source.migrate()
    assert resumed(report) == {"orders": True, "people": True}
    source.database.psql("UPDATE people SET name = 'changed'")
    process.send_signal(signal.SIGCONT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 4 and "has taken its place" in error, error
    assert "changed" not in by_pyarrow(source.lake, "people")["name"].to_pylist()
    assert runs_of_files(source.lake, "gate") == {report["run"]}
    assert strays(source.lake) == []
    assert [run["run"] for run in source.runs()] == [report["run"]]


def test_others_leave_it_alone(source, tmp_path):
    source.interrupt()
    source.database.psql("CREATE TABLE other (id int); INSERT INTO other VALUES (1)")
    source.migrate("--table", "other")
    assert {run["state"]: len(run["kept"]) for run in source.runs()} == {
        "dead": 2, "committed": 0}
    assert resumed(source.migrate()) == {"orders": True, "people": True}
    source.check(tmp_path, "orders", "people", "other")
    # Other options make other tables: what such a run finished is cleared up.
    source.interrupt()
    report = source.migrate(*FLAGS, "--compression", "zstd")
    assert report["resumed"] == [] and len(report["cleared_runs"]) == 1
    source.check(tmp_path, "orders", "people", "other")


def test_a_damaged_journal(source, tmp_path):
    source.interrupt()
    for path in source.journal():
        text = path.read_bytes()
        path.write_bytes(text[:100] + b"\0" + text[101:])
    (path.parent / "7.json").write_text("[" * 100_000)
    assert source.migrate()["resumed"] == []
    source.check(tmp_path)


def test_a_missing_file(source, tmp_path):
    source.interrupt()
    staged = source.noted()["orders"]["objects"]
    (source.lake / staged[0]["token"]).unlink()
    report = source.migrate()
    assert resumed(report) == {"orders": False, "people": True}
    why = {table["table"]: table["why"] for table in report["resumed"]}
    assert why["orders"] == "some of its files are gone"
    source.check(tmp_path)


def test_runs(source):
    report = source.migrate("--table", "people")
    shown = source.shoestring("runs", "--lake", source.lake, report["run"]).stdout
    assert json.loads(shown) == report
    listing = source.shoestring("runs", "--lake", source.lake).stdout.splitlines()
    assert listing[1].split()[:3] == [report["run"], "committed", "migrate"]
    error = source.shoestring("runs", "--lake", source.lake, "nobody", code=3).stderr
    assert "No such run" in error
