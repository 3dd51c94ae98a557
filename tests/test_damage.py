"""Random damage to every kind of object of a lake: `verify` finds and names each, and no
query ever gives a wrong answer."""

import json
import os
import random
import shutil
import subprocess
from collections import Counter

import pytest

DAMAGES = int(os.environ.get("SHOESTRING_DAMAGES", 60))
SEED = int(os.environ.get("SHOESTRING_SEED", 1))
SOURCE = """
CREATE TABLE events (id int PRIMARY KEY, filed date NOT NULL, kind text, amount numeric(18,2),
                     weight double precision, note text, at timestamptz, tags text[]);
INSERT INTO events SELECT i, date '2024-01-01' + i % 366, 'kind ' || i % 7, i * 1.25,
    sin(i), md5(i::text), '2024-01-01'::timestamptz + i * interval '1 minute',
    CASE WHEN i % 3 = 0 THEN ARRAY['a', 'b' || i % 5] END
FROM generate_series(1, 60000) i;
CREATE TABLE people (id int PRIMARY KEY, name text);
INSERT INTO people SELECT i, 'name ' || i FROM generate_series(1, 2000) i;
CREATE TABLE empty (id int);
"""
TABLES = ("events", "people", "empty")
# Reads every byte of every column.
QUERY = " UNION ALL ".join(
    f"SELECT '{table}', count(*), sum(hash({table}))::text FROM {table}" for table in TABLES
) + " ORDER BY 1"


class Lake:
    """A lake that can be damaged, and mended again."""

    def __init__(self, whole, folder):
        self.whole = whole
        self.folder = folder
        shutil.copytree(whole, folder)
        self.keys = sorted(str(path.relative_to(whole)) for top in ("data", "catalog")
                           for path in (whole / top).rglob("*") if path.is_file())

    def path(self, key):
        return self.folder / key

    def mend(self, keys):
        for key in keys:
            if (self.whole / key).exists():
                self.path(key).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.whole / key, self.path(key))
            else:
                self.path(key).unlink(missing_ok=True)


def flip(lake, key, r):
    content = bytearray(lake.path(key).read_bytes())
    bit = r.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    lake.path(key).write_bytes(content)
    return {key}


def truncate(lake, key, r):
    size = lake.path(key).stat().st_size
    # Half of them lose only a little.
    os.truncate(lake.path(key), size - r.randint(1, r.choice((16, size))))
    return {key}


def swap(lake, key, r):
    content = lake.path(key).read_bytes()
    same_kind = [other for other in lake.keys if other.rpartition(".")[2] == key.rpartition(
        ".")[2] and lake.path(other).read_bytes() != content]
    other = r.choice(same_kind)
    lake.path(key).write_bytes(lake.path(other).read_bytes())
    lake.path(other).write_bytes(content)
    return {key, other}


def lose(lake, key, r):
    lake.path(key).unlink()
    return {key}


def double(lake, key, r):
    name = f"20{r.randrange(10**6):06}-{r.randrange(10**6):06}-{r.randrange(2**32):08x}"
    copy = f"{key.rpartition('/')[0]}/{name}-{key.rpartition('-')[2].rpartition('/')[2]}"
    shutil.copy(lake.path(key), lake.path(copy))
    return {copy}


KINDS = (flip, truncate, swap, lose, double)


@pytest.fixture
def lake(pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql(SOURCE)
    shoestring("migrate", "--source", database.url, "--lake", tmp_path / "whole")
    return Lake(tmp_path / "whole", tmp_path / "lake")


def answer(binary, lake):
    """The answer, or None for a clean error."""
    done = subprocess.run([binary, "query", "--lake", lake.folder, "--format", "csv", QUERY],
                          capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return done.stdout
    assert done.returncode in (3, 10) and done.stderr.startswith("shoestring: "), (
        done.returncode, done.stderr)
    return None


def faults(binary, lake):
    done = subprocess.run([binary, "verify", "--lake", lake.folder, "--json"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 10, (done.returncode, done.stderr)
    return {file for fault in json.loads(done.stdout)["faults"]
            for file in fault["file"].split(", ")}


def test_every_damage_is_found_and_no_answer_is_wrong(lake, binary, shoestring):
    shoestring("verify", "--lake", lake.folder)
    right = answer(binary, lake)
    assert right.count("\n") == 4
    data = [key for key in lake.keys if key.startswith("data/")]
    metadata = [key for key in lake.keys if key.startswith("catalog/")]
    assert len(data) == 14 and len(metadata) == 13
    r = random.Random(SEED)
    found, refused, answered, wrong = Counter(), 0, 0, []
    for number in range(DAMAGES):
        kind = KINDS[number % len(KINDS)]
        key = r.choice(r.choice((data, metadata)))
        damaged = kind(lake, key, r)
        context = f"seed {SEED}, damage {number}: {kind.__name__} {sorted(damaged)}"
        named = faults(binary, lake)
        assert damaged <= named, f"{context}: named were {sorted(named)}"
        found[kind.__name__] += 1
        got = answer(binary, lake)
        if got is None:
            refused += 1
        elif got == right:
            answered += 1
        else:
            wrong.append(context)
        lake.mend(damaged)
    shoestring("verify", "--lake", lake.folder)
    print(f"seed {SEED}: verify found and named {found.total()} of {DAMAGES} damages "
          f"({', '.join(f'{count} {kind}' for kind, count in found.items())}); queries: "
          f"{refused} refused, {answered} right, {len(wrong)} wrong")
    assert not wrong
