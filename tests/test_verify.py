"""`shoestring verify`: what it proves, what it finds and how it names it."""

import collections
import ctypes
import datetime
import json
import os
import pathlib
import shutil
import struct
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import servers
from test_migrate import wait_for

SOURCE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, filed date NOT NULL, small smallint, big bigint,
                o oid, r real, d double precision, n numeric(20,4), free numeric,
                moment timestamp, zoned timestamptz, name text, word varchar(20),
                padded char(6), u uuid, j json, b jsonb, raw bytea, m mood, yes boolean,
                tags text[], prices numeric(9,3)[], ids bigint[], span interval);
INSERT INTO t SELECT i, date '2023-12-01' + i % 90, i % 100 - 50, i::bigint * 10^12,
    i, i / 3.0, i / 7.0, i * 100.5 - 1000, CASE WHEN i % 3 = 0 THEN 0 ELSE i * 1e10 END,
    '2024-01-01'::timestamp + i * interval '1 hour', '1965-01-01'::timestamptz +
    i * interval '7 days', 'n' || i, repeat('x', i % 20), 'p' || i % 10,
    md5(i::text)::uuid, '{"a":  1}', '{"b": 2}', decode(md5(i::text), 'hex'),
    CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'ok' END::mood, i % 2 = 0,
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY['a', NULL, 'ü' || i] END,
    ARRAY[i * 1.5, 0, NULL, -100], ARRAY[i], make_interval(days => i)
FROM generate_series(1, 500) i;
INSERT INTO t (id, filed) VALUES (1000, '2023-12-01');
CREATE TABLE u (k text PRIMARY KEY, n numeric(6,2));
INSERT INTO u VALUES ('a', 1.5), ('b', NULL);
CREATE TABLE empty (id int, filed date);
"""
MIGRATE = ("--partition-by", "filed:month")


@pytest.fixture(scope="module")
def source(pg15):
    """Not to be written to."""
    database = pg15.create_database("verify_source")
    database.psql(SOURCE)
    yield database
    pg15.drop_database("verify_source")


@pytest.fixture(scope="module")
def migrated(source, shoestring, tmp_path_factory):
    """Not to be written to."""
    lake = tmp_path_factory.mktemp("verify") / "lake"
    shoestring("migrate", "--source", source.url, "--lake", lake, *MIGRATE)
    return lake


@pytest.fixture
def lake(migrated, tmp_path):
    """A lake of three tables for one test to damage."""
    return pathlib.Path(shutil.copytree(migrated, tmp_path / "lake"))


@pytest.fixture
def verify(shoestring):
    """verify(lake, flags…): the report; ends with the code that its faults ask for."""

    def run(lake, *flags, code=0):
        done = shoestring("verify", "--lake", lake, "--json", *flags, code=code)
        return json.loads(done.stdout)

    return run


def files(lake, table="t"):
    return sorted((lake / "data" / table).rglob("*.parquet"))


def key(lake, path):
    return str(path.relative_to(lake))


def named(report):
    return {(fault["file"], fault["problem"]) for fault in report["faults"]}


def flip(path, at=0.5):
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)


# --- what is whole

def test_a_copy_is_proven(migrated, verify, source):
    report = verify(migrated, "--source", source.url)
    assert report["faults"] == [] and report["notes"] == []
    rows = {table["table"]: (table["rows"], table["files"], table["partitions"],
                             table["source_rows"]) for table in report["tables"]}
    assert rows == {"t": (501, 3, 3, 501), "u": (2, 1, 1, 2), "empty": (0, 1, 0, 0)}
    assert verify(migrated, "--table", "u")["tables"][0]["table"] == "u"


def test_migrate_says_what_it_verified(source, shoestring, tmp_path):
    done = shoestring("migrate", "--source", source.url, "--lake", tmp_path / "lake")
    assert "verified 503 rows" in done.stderr
    report = shoestring("migrate", "--source", source.url, "--lake", tmp_path / "lake",
                        "--json")
    assert json.loads(report.stdout)["rows_verified"] == 503


def test_every_postgres_version(postgres, make_database, shoestring, verify, tmp_path):
    database = make_database(postgres)
    database.psql(SOURCE)
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake, *MIGRATE)
    assert verify(lake, "--source", database.url)["faults"] == []


def is_whole(path):
    try:
        return pq.ParquetFile(path).metadata.num_rows > 0
    except (OSError, pa.ArrowInvalid):
        return False


def test_a_copy_that_went_wrong_never_becomes_visible(pg15, make_database, binary, tmp_path):
    """A bit turns in a file that was written, while another table is still read."""
    database = make_database(pg15)
    # What a sequence says is seen in every snapshot.
    database.psql(SOURCE + """CREATE SEQUENCE gate;
        CREATE FUNCTION opened() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
          WHILE NOT (SELECT is_called FROM public.gate) LOOP
            PERFORM pg_sleep(0.01);
          END LOOP;
          RETURN 'opened'; END $$;
        CREATE VIEW waits AS SELECT opened() AS word""")
    lake = tmp_path / "lake"
    process = subprocess.Popen(
        [binary, "migrate", "--source", database.url, "--lake", lake, "--table", "t",
         "--table", "waits", *MIGRATE], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)
    staged = []

    def all_of_t_is_written():
        staged[:] = [path for path in lake.glob("runs/*/staging/*") if is_whole(path)]
        return len(staged) == 3

    wait_for(all_of_t_is_written)
    flip(min(staged))
    database.psql("SELECT nextval('gate')")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 10, errors
    assert "nothing was changed" in errors and "t, partition year=202" in errors
    assert "changed. Expected" in errors
    left = [path for path in lake.rglob("*") if path.is_file()]
    assert [path.relative_to(lake).parts[0] for path in left] in ([], ["runs"])


# --- the independent judge

class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3(content):
    """Debian's libxxhash."""
    function = ctypes.CDLL("libxxhash.so.0").XXH3_128bits
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_size_t], Hash128
    value = function(content, len(content))
    return value.high << 64 | value.low


def copied(database, sql):
    """The tuples that psql's COPY BINARY prints, fields of bytes or None."""
    done = subprocess.run(
        [servers.DEBIAN_15 / "psql", "-X", "-q", "-d", database.url,
         "-c", f"COPY ({sql}) TO STDOUT (FORMAT binary)"], capture_output=True, check=True)
    data, at = done.stdout, 19
    while (count := struct.unpack_from(">h", data, at)[0]) >= 0:
        at += 2
        row = []
        for _ in range(count):
            [length] = struct.unpack_from(">i", data, at)
            at += 4
            row.append(None if length < 0 else data[at:at + length])
            at += max(length, 0)
        yield row


def numeric(value):
    """As the docs say: no zeros at either end, no display scale, one zero."""
    count, weight, sign, _ = struct.unpack_from(">HhHH", value)
    groups = list(struct.unpack_from(f">{count}H", value, 8))
    while groups and groups[-1] == 0:
        groups.pop()
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    if not groups:
        weight = sign = 0
    return struct.pack(f">HhHH{len(groups)}H", len(groups), weight, sign, 0, *groups)


def array(value, element):
    dimensions, _, _ = struct.unpack_from(">iiI", value)
    if dimensions == 0:
        return struct.pack(">i", 0)
    count, lower_bound = struct.unpack_from(">ii", value, 12)
    assert (dimensions, lower_bound) == (1, 1)
    image, at = [struct.pack(">i", count)], 20
    for _ in range(count):
        [length] = struct.unpack_from(">i", value, at)
        item = None if length < 0 else value[at + 4:at + 4 + length]
        image.append(field(item, element))
        at += 4 + max(length, 0)
    return b"".join(image)


def field(value, form):
    if value is None:
        return struct.pack(">i", -1)
    if form.endswith("[]"):
        value = array(value, form[:-2])
    elif form == "numeric":
        value = numeric(value)
    return struct.pack(">i", len(value)) + value


CASTS = {"padded": "text", "b": "text", "span": "text"}


def test_the_seal_is_what_others_make_of_copy(migrated, source):
    [path] = (migrated / "catalog/t").glob("*-seal.json")
    seal = json.loads(path.read_text())
    names = [column["name"] for column in seal["columns"]]
    select = ", ".join(f"{name}::{CASTS[name]}" if name in CASTS else name
                       for name in names)
    sums = collections.defaultdict(lambda: [0, 0])
    for row in copied(source, f"SELECT {select} FROM t"):
        image = b"".join(field(value, column["form"])
                         for value, column in zip(row, seal["columns"], strict=True))
        [days] = struct.unpack(">i", row[names.index("filed")])
        date = datetime.date(2000, 1, 1) + datetime.timedelta(days)
        partition = sums[f"year={date.year}/month={date.month}"]
        partition[0] += 1
        partition[1] = (partition[1] + xxh3(image)) % 2**128
    expected = {path: (rows, f"{total:032x}") for path, (rows, total) in sums.items()}
    assert {partition["path"]: (partition["rows"], partition["sum"])
            for partition in seal["partitions"]} == expected
    assert {file["key"].removeprefix("data/t/").rpartition("/")[0]:
            (file["rows"], file["sum"]) for file in seal["files"]} == expected
    for item in seal["files"] + seal["metadata"]:
        content = (migrated / item["key"]).read_bytes()
        assert (len(content), f"{xxh3(content):032x}") == (item["bytes"], item["xxh3"])


# --- damage to one object

@pytest.mark.parametrize("damage, problem", [
    (flip, "changed"),
    (lambda path: os.truncate(path, path.stat().st_size - 1), "changed"),
    (lambda path: path.open("ab").write(b"x"), "changed"),
    (lambda path: path.write_bytes(b""), "changed"),
    (pathlib.Path.unlink, "missing"),
])
def test_damaged_data_is_named(lake, verify, shoestring, damage, problem):
    path = files(lake)[1]
    damage(path)
    report = verify(lake, code=10)
    [fault] = report["faults"]
    assert (fault["table"], fault["problem"]) == ("t", problem)
    assert fault["file"] == key(lake, path)
    assert fault["partition"] == "year=2024/month=1"
    assert fault["expected"] and fault["found"] and "migrate" in fault["way_out"]
    said = shoestring("verify", "--lake", lake, code=10)
    assert key(lake, path) in said.stdout and "1 fault in" in said.stderr


@pytest.mark.parametrize("name", ["lake.json", "t/*.metadata.json", "t/*-snap.avro",
                                  "t/*-m0.avro", "t/*-seal.json"])
@pytest.mark.parametrize("damage", [flip, pathlib.Path.unlink])
def test_damaged_metadata_is_named(lake, verify, shoestring, name, damage):
    [path] = (lake / "catalog").glob(name)
    damage(path)
    problem = "missing" if damage is pathlib.Path.unlink else "changed"
    assert (key(lake, path), problem) in named(verify(lake, code=10))
    if not name.endswith("seal.json"):  # which no query reads
        no_table = path.name == "lake.json" and problem == "missing"
        done = shoestring("query", "--lake", lake, "SELECT count(*) FROM t",
                          code=3 if no_table else 10)
        assert done.stdout == ""


def test_without_lake_json_the_data_is_checked_all_the_same(lake, verify):
    (lake / "catalog/lake.json").unlink()
    flip(files(lake)[0])
    report = verify(lake, code=10)
    assert named(report) == {("catalog/lake.json", "missing"),
                             (key(lake, files(lake)[0]), "changed")}
    assert len(report["tables"]) == 3


def test_a_lost_lake_json_is_missed_though_a_dead_run_was_fenced(lake, verify):
    """Fencing puts an empty one where there is none."""
    body = '{\n  "version": 1,\n  "sequence": 1,\n  "tables": {},\n'
    (lake / "catalog/lake.json").write_text(
        f'{body}  "checksum": "{xxh3(body.encode()):032x}"\n}}\n')
    report = verify(lake, code=10)
    assert named(report) == {("catalog/lake.json", "missing")}
    assert len(report["tables"]) == 3


def test_without_a_seal_the_files_are_looked_for_all_the_same(lake, verify):
    [seal] = (lake / "catalog/t").glob("*-seal.json")
    flip(seal)
    lost = files(lake)[0]
    lost.unlink()
    assert named(verify(lake, code=10)) == {(key(lake, seal), "changed"),
                                            (key(lake, lost), "missing")}


# --- damage to several

def test_swapped_files_are_both_named(lake, verify):
    a, b = files(lake)[:2]
    one, other = a.read_bytes(), b.read_bytes()
    a.write_bytes(other)
    b.write_bytes(one)
    assert named(verify(lake, code=10)) == {(key(lake, path), "changed") for path in (a, b)}


def test_every_fault_is_named(lake, verify):
    for path in files(lake):
        flip(path)
    files(lake, "u")[0].unlink()
    report = verify(lake, code=10)
    assert named(report) == {*((key(lake, path), "changed") for path in files(lake)),
                             *((fault["file"], "missing") for fault in report["faults"]
                               if fault["table"] == "u")}
    assert len(report["faults"]) == 4
    assert verify(lake, "--table", "empty")["faults"] == []


def test_a_file_too_many_is_named(lake, verify):
    path = files(lake)[0]
    extra = path.with_name("20200131-235959-0000abcd-0.parquet")
    shutil.copy(path, extra)
    (path.parent / "notes.txt").write_text("mine")
    report = verify(lake, code=10)
    assert named(report) == {(key(lake, extra), "extra")}
    assert [note.split()[0] for note in report["notes"]] == [
        key(lake, path.parent / "notes.txt")]
    assert verify(lake, "--table", "u")["faults"] == []


# --- the source

@pytest.fixture
def changed(pg15, make_database, shoestring, tmp_path):
    """changed(SQL, flags…): a lake, and its source after the SQL."""

    def make(sql, *flags):
        database = make_database(pg15)
        database.psql(SOURCE)
        lake = tmp_path / "lake"
        shoestring("migrate", "--source", database.url, "--lake", lake, *MIGRATE, *flags)
        database.psql(sql)
        return lake, database.url

    return make


@pytest.mark.parametrize("sql, table, partition, expected, found", [
    ("DELETE FROM t WHERE id = 1", "t", "year=2023/month=12", "rows", "rows in the source"),
    ("UPDATE t SET prices[4] = -100.001 WHERE id = 40", "t", "year=2024/month=1",
     "rows", "of which some are others"),
    ("UPDATE u SET k = 'c' WHERE k = 'a'", "u", "", "2 rows", "of which some are others"),
    ("INSERT INTO empty VALUES (1, '2020-02-01')", "empty", "year=2020/month=2", "0 rows",
     "1 rows in the source"),
    ("ALTER TABLE u ADD x int", "u", "", "u with the columns k text, n numeric",
     "k text, n numeric, x int4"),
    ("ALTER TABLE t DROP filed", "t", "", "with the columns id int4", "no column filed"),
    ("DROP TABLE u", "u", "", "u with the columns", "No table u"),
])
def test_a_source_that_changed_is_named(changed, verify, sql, table, partition, expected,
                                        found):
    lake, url = changed(sql)
    report = verify(lake, "--source", url, code=4)
    [fault] = report["faults"]
    assert (fault["table"], fault["partition"], fault["problem"]) == (
        table, partition, "source")
    assert expected in fault["expected"] and found in fault["found"]
    assert verify(lake)["faults"] == []


def test_what_does_not_change_values_is_no_difference(changed, verify):
    lake, url = changed("UPDATE t SET n = n + 0.0, free = free * 1.00, padded = "
                        "rtrim(padded); ALTER TABLE t ALTER n TYPE numeric(24,6); "
                        "VACUUM FULL t")
    assert verify(lake, "--source", url)["faults"] == []


def test_a_part_is_compared_with_that_part(changed, verify):
    lake, url = changed("DELETE FROM t WHERE id > 250",
                        "--table", "t", "--where", "id <= 200")
    report = verify(lake, "--source", url)
    assert report["tables"][0]["source_rows"] == 200


def test_a_limited_copy_cannot_be_compared(changed, shoestring):
    lake, url = changed("SELECT 1", "--limit", "100")
    shoestring("verify", "--lake", lake)
    done = shoestring("verify", "--lake", lake, "--source", url, code=8)
    assert "--limit" in done.stderr and "--table" in done.stderr


def test_policies_hold_when_it_is_compared(changed, verify):
    lake, url = changed("SELECT 1", "--anomaly", "null")
    assert verify(lake, "--source", url)["faults"] == []


def test_views_are_compared(pg15, make_database, shoestring, verify, tmp_path):
    database = make_database(pg15)
    database.psql(SOURCE + "CREATE VIEW v AS SELECT id, filed FROM t;"
                  "CREATE MATERIALIZED VIEW w AS SELECT * FROM u")
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake, "--table", "v",
               "--table", "w", "--table", "t")
    assert verify(lake, "--source", database.url)["faults"] == []


# --- the command

def test_the_source_may_come_from_the_environment(migrated, source, shoestring):
    environment = {**os.environ, "DATABASE_URL": source.url}
    done = shoestring("verify", "--lake", migrated, "--source", env=environment)
    assert "equal" in done.stdout
    done = shoestring("verify", "--lake", migrated, env=environment)
    assert "equal" not in done.stdout
    environment.pop("DATABASE_URL")
    done = shoestring("verify", "--lake", migrated, "--source", env=environment, code=2)
    assert "DATABASE_URL" in done.stderr


@pytest.mark.parametrize("flags, code, words", [
    (("--table", "nope"), 3, "tables are: empty, t, u"),
    (("--memory", "1MB"), 2, "--memory must be at least"),
    (("--jobs", "-1"), 2, "--jobs must be at least"),
])
def test_what_cannot_be_done_is_said(migrated, shoestring, flags, code, words):
    assert words in shoestring("verify", "--lake", migrated, *flags, code=code).stderr


def test_no_lake_and_no_tables(shoestring, tmp_path):
    assert "No such lake" in shoestring("verify", "--lake", tmp_path / "x", code=3).stderr
    assert "no tables" in shoestring("verify", "--lake", tmp_path, code=3).stderr
