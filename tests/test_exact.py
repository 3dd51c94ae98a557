"""Row for row: what stands in the lake's files is what psql prints of the source.

The judges are psql's text, pyarrow and DuckDB, which share no code with the product.
"""

import csv
import datetime
import decimal
import gzip
import json
import pathlib
import random
import re
import struct
import uuid

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import servers

PAGILA = servers.ROOT / "examples/pagila"
EXAMPLE_TABLES = ("companies", "company_filings", "fund_holdings", "fund_holdings_diff")
PARTITION_COLUMNS = ("year", "month", "day")


# --- the judges

def in_postgres(database, table, folder, where="true"):
    """Every column as Postgres' text, arrays as JSON lists of their elements' text."""
    columns = database.psql(f"""
        SELECT json_agg(CASE WHEN typcategory = 'A' THEN format(
                 'CASE WHEN %1$I IS NOT NULL THEN coalesce((SELECT json_agg(e::text '
                 'ORDER BY o)::text FROM unnest(%1$I) WITH ORDINALITY u (e, o)), ''[]'') '
                 'END %1$I', attname)
               ELSE format('%1$I::text', attname) END ORDER BY attnum)
        FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
        WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped""")
    path = folder / "expected.csv"
    # Into a file: a pipe read as text would lose what \r and \r\n were.
    database.psql(f"""
        SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1;
        COPY (SELECT {', '.join(json.loads(columns))} FROM {table} WHERE {where})
        TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)""", options=("-o", str(path)))
    with path.open(newline="") as file:
        names = next(csv.reader(file))
    return pa.csv.read_csv(
        path, read_options=pa.csv.ReadOptions(block_size=1 << 28),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""],
            strings_can_be_null=True, quoted_strings_can_be_null=False))


def by_pyarrow(lake, table):
    return pa.dataset.dataset(lake / "data" / table, partitioning="hive").to_table()


def by_duckdb(lake, table):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.sql(
            f"FROM read_parquet('{lake}/data/{table}/**/*.parquet', "
            "hive_partitioning = true)").to_arrow_table()


READERS = {"pyarrow": by_pyarrow, "duckdb": by_duckdb}


def printer(kind):
    """How Postgres prints a value that a reader gives as this Arrow type."""
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if pa.types.is_decimal(kind):
        return lambda value: format(value, "f")
    if pa.types.is_date(kind):
        return datetime.date.isoformat
    if pa.types.is_timestamp(kind):
        def timestamp(value):
            text = value.isoformat(" ")
            text = text.rstrip("0") if "." in text else text
            return text + ("+00" if kind.tz else "")
        return timestamp
    if pa.types.is_binary(kind):
        return lambda value: "\\x" + value.hex()
    if pa.types.is_floating(kind):
        return repr
    if pa.types.is_list(kind):
        element = printer(kind.value_type)
        return lambda values: json.dumps(
            [None if value is None else element(value) for value in values],
            ensure_ascii=False)
    return str


def as_text(column):
    """A column as Postgres prints it; each distinct value is printed once."""
    show = printer(column.type)
    column = column.combine_chunks()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))  # Python wants a zone's rules for others
    if pa.types.is_list(column.type):
        if pa.types.is_timestamp(column.type.value_type):
            column = column.cast(pa.list_(pa.timestamp("us")))
        values = column.to_pylist()
        return pa.array([v if v is None else show(v) for v in values], pa.string())
    if pa.types.is_string(column.type):
        return column
    encoded = column.dictionary_encode()
    words = [v if v is None else show(v) for v in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def floats_alike(column, kind):
    """Text of floats, from whichever printer, to the text of one: the bits decide."""
    def one(text, code):
        return None if text is None else repr(
            struct.unpack(code, struct.pack(code, float(text)))[0])
    inner = kind.value_type if pa.types.is_list(kind) else kind
    if not pa.types.is_floating(inner):
        return column
    code = "f" if pa.types.is_float32(inner) else "d"
    texts = column.to_pylist()
    if inner is kind:
        return pa.array([one(text, code) for text in texts], pa.string())
    return pa.array([None if text is None else
                     json.dumps([one(e, code) for e in json.loads(text)])
                     for text in texts], pa.string())


def assert_same(actual, expected):
    """Same rows, in whatever order; `actual` from a reader, `expected` from Postgres."""
    kinds = {field.name: field.type for field in actual.schema}
    assert set(expected.column_names) <= set(kinds)
    assert set(kinds) - set(expected.column_names) <= set(PARTITION_COLUMNS)
    names = expected.column_names
    keys = [(f"c{i}", "ascending") for i in range(len(names))]  # names may hold dots
    actual, expected = (
        pa.table([floats_alike(column, kinds[name])
                  for name, column in zip(names, columns)], [key for key, _ in keys])
        .sort_by(keys)
        for columns in ([as_text(actual[name]) for name in names], expected.columns))
    assert actual.num_rows == expected.num_rows
    for name, one, other in zip(names, actual.columns, expected.columns):
        if not one.equals(other):
            differ = [pair for pair in zip(one.to_pylist(), other.to_pylist())
                      if pair[0] != pair[1]]
            pytest.fail(f"{name}: {len(differ)} rows differ, first {differ[0]}")


def current_metadata(lake, table):
    """The Iceberg metadata that lake.json names, and its path."""
    state = json.loads((lake / "catalog/lake.json").read_text())
    path = lake / state["tables"][table]["metadata"]
    return json.loads(path.read_text()), path


def check_layout(lake, table):
    """Folders, order and schemas of all files; returns the number of files."""
    metadata, _ = current_metadata(lake, table)
    columns = {field["id"]: field for field in metadata["schemas"][0]["fields"]}
    ids = {field["name"]: field["id"] for field in columns.values()}
    keys = [columns[key["source-id"]]["name"]
            for key in metadata["sort-orders"][0]["fields"]]
    units = [field["name"] for field in metadata["partition-specs"][0]["fields"]]
    by = metadata["properties"].get("shoestring.partition-by", "").rpartition(":")[0]
    folder = lake / "data" / table
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len({path.parent for path in files}) == len(files), "one file a partition"
    for path in files:
        parts = path.relative_to(folder).parts[:-1]
        assert [re.sub(r"=(0|[1-9]\d*)$", "", part) for part in parts] == units, path
        file = pq.ParquetFile(path)
        check_schema(file, ids)
        rows = file.read()
        if keys:
            order = pc.sort_indices(rows, [(key, "ascending", "at_end") for key in keys])
            assert order.to_pylist() == list(range(len(rows))), f"{path} by {keys}"
        for unit, part in zip(units, parts):
            date = rows[by].cast(pa.timestamp("us"))
            found = set(getattr(pc, unit)(date).to_pylist())
            assert found <= {int(part.partition("=")[2]) or None}, path
    return len(files)


def check_schema(file, ids):
    """Only what Athena and Trino take, with the field ids of the metadata."""
    for column in range(len(file.schema)):
        leaf = file.schema.column(column)
        logical = json.loads(leaf.logical_type.to_json())
        assert leaf.physical_type != "INT96", leaf
        assert logical["Type"] not in ("UUID", "Time"), leaf
        assert logical.get("isSigned", True), leaf
        assert logical.get("timeUnit", "microseconds") == "microseconds", leaf
        if leaf.max_repetition_level:
            assert leaf.path.endswith(".list.element"), leaf
    for field in file.schema_arrow:
        assert int(field.metadata[b"PARQUET:field_id"]) == ids[field.name], field
        if pa.types.is_list(field.type):
            assert int(field.type.value_field.metadata[b"PARQUET:field_id"]) > 0, field


# --- the example and pagila

@pytest.mark.parametrize("table", EXAMPLE_TABLES)
def test_example(example_db, example_lake, tmp_path, table):
    expected = in_postgres(example_db, table, tmp_path)
    for name, reader in READERS.items():
        assert_same(reader(example_lake, table), expected)


@pytest.mark.parametrize("table, files", [("companies", 1), ("company_filings", 116),
                                          ("fund_holdings", 113),
                                          ("fund_holdings_diff", 54)])
def test_layout_of_the_example(example_lake, table, files):
    assert check_layout(example_lake, table) == files


def test_pagila(pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql((PAGILA / "pagila-schema.sql").read_text())
    database.psql(gzip.decompress((PAGILA / "pagila-data.sql.gz").read_bytes()).decode())
    lake = tmp_path / "lake"
    migrate = ("migrate", "--source", database.url, "--lake", lake)
    shoestring(*migrate)
    shoestring(*migrate, "--table", "rental", "--partition-by", "rental_date:year")
    tables = sorted(path.name for path in (lake / "data").iterdir())
    assert len(tables) == 15 and {"film", "payment", "rental"} < set(tables)
    for table in tables:
        expected = in_postgres(database, table, tmp_path)
        assert expected.num_rows > 0, table
        for reader in READERS.values():
            assert_same(reader(lake, table), expected)
        check_layout(lake, table)


# --- every type

def numerics(precision, scale):
    """Edges and a maker of numeric(precision, scale), which may have any scale."""
    def show(unscaled):
        with decimal.localcontext(prec=100):
            return format(decimal.Decimal(unscaled).scaleb(-scale), "f")
    most = 10**precision - 1
    return ([show(n) for n in (0, 1, -1, most, -most, 10**(precision - 1))],
            lambda r: show(r.randint(-most, most) // 10**r.randint(0, precision - 1)))


def integers(low, high):
    return ([str(low), str(high), "0", "1"], lambda r: str(r.randint(low, high)))


def moments(zone):
    def make(r):
        moment = datetime.datetime(1, 1, 1) + datetime.timedelta(
            seconds=r.randrange(9990 * 365 * 86400),
            microseconds=r.choice((0, 1, 120000)))
        return moment.isoformat(" ") + zone
    return ([day + zone for day in (
        "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999",
        "1970-01-01 00:00:00", "1970-01-01 00:00:00.000001", "2000-01-01 00:00:00",
        "1582-10-10 12:00:00", "2024-02-29 23:59:60")], make)


def choice(*values):
    return (list(values), lambda r: r.choice(values))


TEXTS = ["", " ", "  a  ", "a", "NULL", "null", "\\N", "\\", '"', "'", '{"a"}', "a,b",
         "{}", "tab\t", "line\nline", "\r\n", "\r", "\x01\x7f", "é", "e\u0301", "日本語",
         "😀", "\ufeffbom", "\u2028", "%s%n", "null\\u0000"]
LONG = ["x" * 3000, "日" * 2000]
JSONS = ["{}", "[]", "null", '"é"', ' {"b" : 1,  "a":[1, 2.50, null]} ', '"\\u00e9\\n"',
         '{"a":1,"a":2}', "123456789012345678901234567890.123400", '"\\\\"']


def texts(longest):
    letters = "ab '\"\\{},\n\té日😀"
    return ([t for t in TEXTS + LONG if len(t) <= longest],
            lambda r: "".join(r.choices(letters, k=r.randrange(min(longest, 40) + 1))))


def floats(code, *edges):
    def make(r):
        value = struct.unpack(code, r.randbytes(struct.calcsize(code)))[0]
        return repr(value)
    return (["NaN", "Infinity", "-Infinity", "-0", "0", "0.1", "1e23", *edges], make)


PREPARE = """
CREATE TYPE mood AS ENUM ('sad', 'B c', 'it''s', 'ü', '"q"', 'NULL');
CREATE DOMAIN small AS int2 CHECK (VALUE > -100);
CREATE DOMAIN money_like AS numeric(12, 3);
CREATE DOMAIN inner_domain AS varchar(30);
CREATE DOMAIN outer_domain AS inner_domain CHECK (length(VALUE) < 31);
CREATE DOMAIN moods AS mood[];
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN moment AS timestamptz;
"""
# Type, what a reader must see, edge values and a maker of more, as Postgres reads them.
TYPES = [
    ("bool", pa.bool_(), *choice("true", "false")),
    ("int2", pa.int32(), *integers(-2**15, 2**15 - 1)),
    ("int4", pa.int32(), *integers(-2**31, 2**31 - 1)),
    ("int8", pa.int64(), *integers(-2**63, 2**63 - 1)),
    ("oid", pa.int64(), *integers(0, 2**32 - 1)),
    ("float4", pa.float32(), *floats("f", "1e-45", "3.4028235e38", "16777216")),
    ("float8", pa.float64(), *floats("d", "5e-324", "1.7976931348623157e308", "1e-7")),
    *[(f"numeric({p},{s})", pa.decimal128(max(p - min(s, 0), s), max(s, 0)),
       *numerics(p, s))
      for p, s in ((1, 0), (5, 2), (9, 9), (10, 0), (18, 2), (18, 18), (19, 0), (20, 4),
                   (38, 0), (38, 10), (38, 38), (3, 5), (1, 38), (2, -3), (30, -8))],
    ("text", pa.string(), *texts(9999)),
    ("varchar", pa.string(), *texts(9999)),
    ("varchar(7)", pa.string(), *texts(7)),
    ("char(9)", pa.string(), *texts(9)),
    ("char(1)", pa.string(), *texts(1)),
    ("name", pa.string(), *texts(15)),
    ("date", pa.date32(), [day[:10] for day in moments("")[0]],
     lambda r: str(datetime.date.fromordinal(r.randint(1, 3652059)))),
    ("timestamp", pa.timestamp("us"), *moments("")),
    ("timestamptz", pa.timestamp("us", "UTC"), *moments("+00")),
    ("uuid", pa.string(), ["0" * 32, "f" * 32],
     lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    ("json", pa.string(), *choice(*JSONS)),
    ("jsonb", pa.string(), *choice(*JSONS)),
    ("bytea", pa.binary(), ["\\x", "\\x00", "\\x" + "ff00" * 2000],
     lambda r: "\\x" + r.randbytes(r.randrange(20)).hex()),
    ("mood", pa.string(), *choice("sad", "B c", "it's", "ü", '"q"', "NULL")),
    ("small", pa.int32(), *integers(-99, 2**15 - 1)),
    ("money_like", pa.decimal128(12, 3), *numerics(12, 3)),
    ("outer_domain", pa.string(), *texts(30)),
    ("feeling", pa.string(), *choice("sad", "ü")),
    ("moment", pa.timestamp("us", "UTC"), *moments("+00")),
    ("moods", pa.list_(pa.string()), *choice("{}", '{sad,NULL,"B c"}', "{NULL}")),
]
NOT_IN_ARRAYS = ("money_like", "moods")  # no precision is told of the first's elements
ROWS = 300


def array_of(edges, make):
    """Edges and a maker of one-dimensional arrays."""
    def quote(values):
        return "{%s}" % ",".join(
            "NULL" if value is None else
            '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    def one(r):
        return quote([None if r.random() < 0.2 else make(r)
                      for _ in range(r.randrange(5))])
    fixed = ["{}", "{NULL}", "{NULL,NULL}", quote(edges), quote([*edges, None] * 20)]
    return (fixed, one)


def columns():
    """Name, type, Arrow type, edges and maker of each column of the table `every`."""
    for i, (sql, kind, edges, make) in enumerate(TYPES):
        yield (f"c{i}", sql, kind, edges, make)
        if sql not in NOT_IN_ARRAYS:
            yield (f"a{i}", f"{sql}[]", pa.list_(kind), *array_of(edges, make))


def make_every(database):
    """A table with every supported type, and rows of edge cases and of seeded chance."""
    r = random.Random(20251123)
    drawn = []
    for _, _, _, edges, make in columns():
        values = [*edges, None, *(None if r.random() < 0.1 else make(r)
                                  for _ in range(ROWS - len(edges) - 1))]
        r.shuffle(values)
        drawn.append(values)
    escapes = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
    lines = "".join(
        "\t".join([str(i), *("\\N" if v is None else v.translate(escapes)
                             for v in row)]) + "\n"
        for i, row in enumerate(zip(*drawn)))
    definition = ", ".join(f"{name} {sql}" for name, sql, *_ in columns())
    database.psql(f"{PREPARE} CREATE TABLE every (id int PRIMARY KEY, {definition});\n"
                  f"COPY every FROM STDIN;\n{lines}\\.\n")


@pytest.fixture(scope="module", params=servers.VERSIONS, ids="pg{}".format)
def every(request):
    """The table `every` on each version of Postgres."""
    server = request.getfixturevalue(f"pg{request.param}")
    database = server.create_database("every")
    make_every(database)
    yield database
    server.drop_database("every")


@pytest.mark.parametrize("options", [
    (),
    ("--jobs=1", "--batch-size=1", "--compression=none"),
    ("--jobs=5", "--batch-size=7", "--memory=64MB", "--compression=zstd:9"),
    ("--batch-size=1000000", "--memory=1GB", "--compression=zstd", "--sort-by=c1,id"),
], ids=" ".join)
def test_every_type(every, shoestring, tmp_path, options):
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", every.url, "--lake", lake, *options)
    expected = in_postgres(every, "every", tmp_path)
    for reader in READERS.values():
        assert_same(reader(lake, "every"), expected)
    schema = by_pyarrow(lake, "every").schema
    for name, sql, kind, _, _ in columns():
        assert schema.field(name).type.equals(kind), f"{sql}: {schema.field(name).type}"
    check_layout(lake, "every")


@pytest.fixture(scope="module")
def every_on_15(pg15):
    database = pg15.create_database("every_once")
    make_every(database)
    yield database
    pg15.drop_database("every_once")


@pytest.mark.parametrize("sql", ["date", "timestamp", "timestamptz", "moment"])
@pytest.mark.parametrize("unit", ["year", "month", "day"])
def test_every_partitioning(every_on_15, shoestring, tmp_path, sql, unit):
    [column] = [name for name, type, *_ in columns() if type == sql]
    every_on_15.psql("DROP VIEW IF EXISTS dated;"
                     f"CREATE VIEW dated AS SELECT id, {column} AS moment FROM every")
    shoestring("migrate", "--source", every_on_15.url, "--lake", tmp_path / "lake",
               "--table", "dated", "--partition-by", f"moment:{unit}")
    expected = in_postgres(every_on_15, "dated", tmp_path)
    for reader in READERS.values():
        assert_same(reader(tmp_path / "lake", "dated"), expected)
    check_layout(tmp_path / "lake", "dated")


@pytest.mark.parametrize("column, sql", [
    (name, sql) for name, sql, kind, *_ in columns() if not pa.types.is_list(kind)])
def test_sorted_by_every_type(every_on_15, shoestring, tmp_path, column, sql):
    shoestring("migrate", "--source", every_on_15.url, "--lake", tmp_path, "--sort-by",
               f"{column},id", "--partition-by", "none")
    check_layout(tmp_path, "every")


# --- more rows than memory

@pytest.fixture(scope="module")
def large(pg15):
    """About 60 MB that do not compress, in random order of dates."""
    database = pg15.create_database("large")
    database.psql("""
        CREATE TABLE large (id int PRIMARY KEY, day date NOT NULL, k int, n numeric(20,4),
                            f float8, t text);
        INSERT INTO large
        SELECT i, date '2020-01-01' + abs(hashint4(i)) % 1500, hashint4(i + 1) % 50,
               hashint8(i) / 1000.0, hashint4(i) / 7.0,
               md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text)
        FROM generate_series(1, 350000) i;
        CREATE INDEX ON large (k, n);
        ANALYZE large""")
    yield database
    pg15.drop_database("large")


def test_options_change_nothing_in_the_rows(large, shoestring, tmp_path):
    expected = in_postgres(large, "large", tmp_path)
    for i, (options, spills) in enumerate((
            (["--memory=64MB", "--jobs=1"], True),
            (["--memory=64MB", "--jobs=4", "--batch-size=10"], True),
            (["--memory=1GB", "--jobs=2", "--batch-size=500000"], False),
            (["--memory=64MB", "--partition-by=none", "--compression=zstd"], True))):
        lake = tmp_path / str(i)
        done = shoestring("migrate", "--source", large.url, "--lake", lake, "--json",
                          *options)
        report = json.loads(done.stdout)
        assert (report["spill_bytes"] > 0) == spills, options
        assert report["peak_memory_bytes"] < (1100e6 if "1GB" in options[0] else 250e6)
        assert_same(by_pyarrow(lake, "large"), expected)
        check_layout(lake, "large")


def test_limit_and_where_take_whole_rows(large, shoestring, tmp_path):
    for i, (options, where) in enumerate((
            (["--where", "k = 7 OR day < '2020-02-01'"], "k = 7 OR day < '2020-02-01'"),
            (["--where", "false"], "false"))):
        lake = tmp_path / str(i)
        shoestring("migrate", "--source", large.url, "--lake", lake, "--table", "large",
                   *options)
        assert_same(by_pyarrow(lake, "large"),
                    in_postgres(large, "large", tmp_path, where))
    lake = tmp_path / "limit"
    shoestring("migrate", "--source", large.url, "--lake", lake, "--limit", "1234")
    ids = by_pyarrow(lake, "large")["id"].to_pylist()
    assert len(set(ids)) == 1234
    assert_same(by_pyarrow(lake, "large"), in_postgres(
        large, "large", tmp_path, f"id = ANY (ARRAY{ids})"))
