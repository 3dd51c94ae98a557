"""The matrix: every type, every hostile value, every policy. Each cell is exact, refused or
counted; what is exact is what psql's ::text says, read by pyarrow and by DuckDB.
"""

import collections
import json
import re

import pyarrow as pa
import pytest

import servers
from test_exact import as_text, by_duckdb, by_pyarrow, floats_alike

POLICIES = ("error", "null", "clamp", "text")

PREPARE = """
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION cube;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'it''s');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN span AS interval;
CREATE DOMAIN spans AS span[];
CREATE DOMAIN days AS date[];
CREATE DOMAIN amount AS numeric(8, 2);
CREATE DOMAIN loose AS numeric;
CREATE DOMAIN shouting AS citext;
"""

# Values that every policy keeps exactly.
PLAIN = {
    "bool": ["true", "false"],
    "int2": ["-32768", "32767"], "int4": ["-2147483648"], "int8": ["9223372036854775807"],
    "oid": ["4294967295"], "positive": ["7"],
    "float4": ["NaN", "Infinity", "-Infinity", "-0", "0.1", "1e-45"],
    "float8": ["NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308"],
    "numeric(38,10)": ["-1234567890123456789012345678.0123456789"],
    "numeric(39,0)": ["9" * 39, "NaN"], "numeric(1000,500)": ["1.5", "9" * 500],
    "numeric(38,-1)": ["1" + "0" * 38],
    "money": ["$1,234.50", "-92233720368547758.08", "92233720368547758.07"],
    "text": ["", " ", "日本語😀", "NULL", "\\N"], "varchar(5)": ["ab"], "char(5)": ["ab  "],
    "name": ["n"], '"char"': ["a", ""], "mood": ["it's"],
    "uuid": ["00112233-4455-6677-8899-aabbccddeeff"],
    "bytea": ["\\x", "\\x00ff"],
    "json": ['{"a" : 1.0}'], "jsonb": ['{"b": 1.20, "a": null}'], "jsonpath": ["$.a[*]"],
    "xml": ["<a>&amp;</a>"],
    "time": ["00:00", "24:00:00", "12:34:56.789012"],
    "timetz": ["24:00:00+15:59", "00:00:00-15:59:59"],
    "interval": ["1 year 2 months 3 days 04:05:06.789", "-1 day +00:00:01",
                 "178000000 years", "0"],
    "date": ["0001-01-01", "9999-12-31", "1582-10-10"],
    "timestamp": ["0001-01-01", "9999-12-31 23:59:59.999999"],
    "timestamptz": ["0001-01-01 00:00+00", "9999-12-31 23:59:59.999999+00"],
    "bit(3)": ["101"], "varbit": ["", "10101"],
    "inet": ["192.168.1.1", "192.168.1.5/24", "::1"], "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"], "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "tsvector": ["'a':1A 'b c':2"], "tsquery": ["'a' & !'b'"],
    "point": ["(1,2.5)"], "line": ["{1,2,3}"], "lseg": ["[(1,2),(3,4)]"],
    "box": ["(3,4),(1,2)"], "path": ["((1,2),(3,4))"], "polygon": ["((1,2),(3,4),(5,6))"],
    "circle": ["<(1,2),3>"],
    "int4range": ["[1,5)", "empty", "(,)"], "numrange": ["[1.50,NaN]"],
    "tsrange": ["[infinity,infinity]"], "tstzrange": ['["2024-01-01 00:00:00+00",)'],
    "daterange": ["[-infinity,infinity)"], "floats": ["[-Infinity,NaN)"],
    "int8multirange": ["{[1,3),[5,9)}"], "datemultirange": ["{}"],
    "pg_lsn": ["16/B374D848"], "xid": ["4294967295"], "xid8": ["18446744073709551615"],
    "cid": ["1"], "tid": ["(1,2)"], "txid_snapshot": ["10:20:10,14,15"],
    "pg_snapshot": ["10:20:10,14,15"],
    "regclass": ["pg_catalog.pg_class"], "regtype": ["integer"], "regproc": ["now"],
    "regprocedure": ["now()"], "regoper": ["pg_catalog.||/"], "regoperator": ["+(integer,integer)"],
    "regconfig": ["english"], "regdictionary": ["simple"], "regrole": ["postgres"],
    "regnamespace": ["pg_catalog"], "regcollation": ['"C"'],
    "int2vector": ["1 2 3"], "oidvector": ["1 2"], "aclitem": ["postgres=r/postgres"],
    "refcursor": ["c"], "pg_node_tree": [],
    "pair": ['(1,"a ""b"", c")', "(,)"], "span": ["1 mon"], "spans": ['{"1 mon",NULL}'],
    "amount": ["123456.78"], "shouting": ["Ünï"], "citext": ["Ab"],
    "loose": ["1.5", "-0.001", "12345678"],
    "numeric": ["0", "1.50", "-12345678.12345678901234567890123"],
    "hstore": ['"a"=>"1", "b"=>NULL'], "cube": ["(1, 2),(3, 4)"], "ltree": ["a.b.c"],
    "int4[]": ["{}", "{1,NULL,3}"], "text[]": ['{"",NULL,"NULL","a,b"}'],
    "numeric(5,2)[]": ["{1.50,NULL}"], "numeric[]": ["{1.5,NULL,12.25}", "{}"],
    "money[]": ["{$1.50,NULL}"], "interval[]": ['{"1 day",NULL}'], "inet[]": ["{10.0.0.1}"],
    "char(3)[]": ["{a,NULL}"], "jsonb[]": ['{"{\\"a\\": 1}"}'],
    "timestamptz[]": ['{"2024-01-01 00:00:00+00"}'], "uuid[]": ["{NULL}"],
    "pair[]": ['{"(1,a)"}'], "int4range[]": ['{"[1,2)"}'], "hstore[]": ['{"\\"a\\"=>\\"1\\""}'],
    "mood[]": ["{sad}"], "bytea[]": ['{"\\\\x00"}'], "days": ["{2024-02-29}"],
}

# Value, what is odd about it, and the nearest that can be kept, if any.
FAR = [("infinity", "infinite", "9999-12-31"), ("-infinity", "infinite", "0001-01-01"),
       ("0044-03-15 BC", "range", "0001-01-01"), ("10000-01-01", "range", "9999-12-31")]
LAST, ZONE = "9999-12-31 23:59:59.999999", "+00"


def far_moments(zone=""):
    return [(value, what, (LAST if near > "1" else "0001-01-01 00:00:00") + zone)
            for value, what, near in FAR]


HOSTILE = {
    "date": FAR + [("5874897-12-31", "range", "9999-12-31")],
    "timestamp": [*far_moments(), ("294276-12-31 23:59:59", "range", LAST)],
    "timestamptz": far_moments(ZONE),
    "numeric(6,2)": [("NaN", "nan", None)],
    "numeric": [("NaN", "nan", None), ("Infinity", "infinite", "9" * 8 + "." + "9" * 30),
                ("-Infinity", "infinite", "-" + "9" * 8 + "." + "9" * 30),
                ("9" * 131072, "range", "9" * 8 + "." + "9" * 30),
                ("0." + "1" * 16383, "range", "0." + "1" * 30)],
    "loose": [("NaN", "nan", None), ("1" * 60, "range", "9" * 8 + "." + "9" * 30)],
    "amount": [("NaN", "nan", None)],
    "numeric[]": [("{1,NaN}", "nan", None), ("{Infinity}", "infinite", "{%s}" % (
        "9" * 8 + "." + "9" * 30)), ("{{1,2}}", "dimensions", None)],
    "numeric(5,2)[]": [("{1,NaN}", "nan", None), ("[0:0]={1.5}", "bounds", "{1.50}")],
    "int4[]": [("{{1,2},{3,4}}", "dimensions", None), ("[0:1]={1,2}", "bounds", "{1,2}"),
               ("[-5:-5]={7}", "bounds", "{7}")],
    "text[]": [("{{a},{b}}", "dimensions", None), ("[2:2]={a}", "bounds", "{a}")],
    "date[]": [("{2024-01-01,infinity}", "infinite", "{2024-01-01,9999-12-31}")],
    "days": [("{-infinity}", "infinite", "{0001-01-01}")],
    "timestamptz[]": [("{infinity}", "infinite", '{"%s"}' % (LAST + ZONE))],
    "interval[]": [('{{"1 day"}}', "dimensions", None)],
    "pair[]": [('[3:3]={"(1,a)"}', "bounds", '{"(1,a)"}')],
    "spans": [('{{"1 mon"}}', "dimensions", None)],
}
# Sets the scale of the decimals that numbers without precision become.
SCALE = {"numeric": "12345678." + "1" * 30, "loose": "12345678." + "1" * 30,
         "numeric[]": "{12345678.%s}" % ("1" * 30)}
# By the oddity: the policies that keep a value as something else, and count it.
COUNTED = {"nan": {"null"}, "dimensions": {"null"}, "infinite": {"null", "clamp"},
           "range": {"null", "clamp"}, "bounds": {"null", "clamp"}}

Cell = collections.namedtuple("Cell", "type value oddity near")


def cells():
    for kind, values in PLAIN.items():
        yield from (Cell(kind, value, "", None) for value in values)
    for kind, values in HOSTILE.items():
        yield from (Cell(kind, value, oddity, near) for value, oddity, near in values)


def quoted(value):
    return "'" + value.replace("'", "''") + "'"


def outcome(cell, policy):
    if not cell.oddity or policy == "text":
        return "exact"
    return "counted" if policy in COUNTED[cell.oddity] else "refused"


def text_of(lake, table, reader):
    """id to the value's text, a list of texts for a list; and the column's type."""
    rows = reader(lake, table)
    kind = rows.schema.field("v").type
    return dict(zip(rows["id"].to_pylist(), as_read(as_text(rows["v"]), kind))), kind


def in_postgres(database, table, kind, ids):
    """id to psql's ::text; arrays as lists, as far as a list holds them."""
    value = "v"
    if pa.types.is_list(kind):
        if pa.types.is_decimal(kind.value_type):
            value = f"v::numeric(38,{kind.value_type.scale})[]"
        value = f"to_json({value}::text[])"
    elif pa.types.is_decimal(kind):
        value = f"round(v::numeric, {kind.scale})"
    found = json.loads(database.psql(f"""SET TimeZone = 'UTC';
        SELECT json_object_agg(id, {value}::text ORDER BY id) FROM {table}
        WHERE id IN ({', '.join(map(str, ids))})"""))
    column = pa.array(found.values(), pa.string())
    return dict(zip(map(int, found), as_read(column, kind)))


def as_read(column, kind):
    values = floats_alike(column, kind).to_pylist()
    if pa.types.is_list(kind):
        return [value if value is None else json.loads(value) for value in values]
    return values


@pytest.mark.parametrize("version", (15, 18))
def test_matrix(request, make_database, shoestring, tmp_path, version, capsys):
    server = request.getfixturevalue(f"pg{version}")
    database = make_database(server)
    database.psql(PREPARE)
    every = list(cells())
    counts = collections.Counter()
    for policy in POLICIES:
        tables = collections.defaultdict(list)
        for cell in every:
            tables[cell.type].append(cell)
        kept, refused, script = {}, [], []
        for i, (kind, group) in enumerate(tables.items()):
            name = f"{policy}_{i}"
            good = [cell for cell in group if outcome(cell, policy) != "refused"]
            if kind in SCALE:
                good = [Cell(kind, SCALE[kind], "", None), *good]
            if good:
                kept[name] = good
                script.append(f"CREATE TABLE {name} (id int PRIMARY KEY, v {kind})")
                script += [f"INSERT INTO {name} VALUES ({n}, {quoted(cell.value)})"
                           for n, cell in enumerate([*good])]
                script.append(f"INSERT INTO {name} VALUES (-1, NULL)")
            for cell in group:
                if outcome(cell, policy) == "refused":
                    refused.append((f"bad_{policy}_{len(refused)}", cell))
        for name, cell in refused:
            script.append(f"CREATE TABLE {name} (id int PRIMARY KEY, v {cell.type})")
            script.append(f"INSERT INTO {name} VALUES (77, {quoted(cell.value)})")
        database.psql(";\n".join(script))
        lake = tmp_path / policy
        migrate = ("migrate", "--source", database.url, "--lake", lake, "--anomaly", policy,
                   "--json")
        tables = [flag for name in kept for flag in ("--table", name)]
        report = json.loads(shoestring(*migrate, *tables).stdout)
        replaced = {table["table"]: sum(r["values"] for r in table["replaced"])
                    for table in report["tables"]}
        for name, group in kept.items():
            for reader in (by_pyarrow, by_duckdb):
                found, kind = text_of(lake, name, reader)
                exact = [n for n, cell in enumerate(group)
                         if outcome(cell, policy) == "exact"]
                expected = in_postgres(database, name, kind, [-1, *exact])
                for n, cell in enumerate(group):
                    if outcome(cell, policy) == "counted":
                        check_replaced(cell, policy, found[n], kind, database)
                    else:
                        assert found[n] == expected[n], f"{policy} {cell.type} {cell.value[:60]}"
                assert found[-1] is None
            odd = [cell for cell in group if outcome(cell, policy) == "counted"]
            assert replaced[name] == len(odd), f"{policy} {group[0].type}"
            counts["counted"] += len(odd)
            counts["exact"] += len(group) - len(odd)
        for name, cell in refused:
            done = shoestring(*migrate, "--table", name, code=9)
            assert re.search(rf"{name}\.v, row with id = 77: .*Way out: --anomaly {name}\.v=",
                             done.stderr), f"{cell.type} {cell.value[:60]}: {done.stderr}"
            counts["refused"] += 1
    with capsys.disabled():
        print(f"\nPostgres {version}: {sum(counts.values())} cells, " + ", ".join(
            f"{counts[what]} {what}" for what in ("exact", "counted", "refused")) +
            ", 0 silent")


def check_replaced(cell, policy, found, kind, database):
    if policy == "null":
        if pa.types.is_list(kind) and cell.oddity not in ("bounds", "dimensions"):
            assert found is not None and None in found, cell
        else:
            assert found is None, cell
        return
    near = cell.near
    if pa.types.is_list(kind):
        near = json.loads(database.psql(
            f"SELECT to_json({quoted(near)}::{cell.type}::text[])"))
    assert found == near, f"{cell.type} {cell.value[:60]}"


# What would print or read some value in another way, if it were left to hold.
SETTINGS = {
    "datestyle": "SQL, DMY", "intervalstyle": "sql_standard", "timezone": "Asia/Kathmandu",
    "bytea_output": "escape", "extra_float_digits": "-15", "quote_all_identifiers": "on",
    "standard_conforming_strings": "off", "backslash_quote": "off", "array_nulls": "off",
    "client_encoding": "LATIN1", "search_path": "nowhere", "transform_null_equals": "on",
    "default_transaction_isolation": "serializable", "xmlbinary": "hex",
    "default_transaction_deferrable": "on", "default_transaction_read_only": "on",
    "enable_tidscan": "off"}


def test_settings_of_a_database_change_no_value(postgres, make_database, shoestring,
                                                tmp_path):
    database = make_database(postgres)
    types = [kind for kind, values in PLAIN.items() if values]
    rows = ["({})".format(", ".join(
        [str(i), *(quoted(PLAIN[kind][i]) if i < len(PLAIN[kind]) else "NULL"
                   for kind in types)]))
        for i in range(max(map(len, PLAIN.values())))]
    database.psql(PREPARE + "CREATE TABLE t (id int PRIMARY KEY, {}); INSERT INTO t VALUES {}"
                  .format(", ".join(f"c{i} {kind}" for i, kind in enumerate(types)),
                          ", ".join(rows)))

    def sums(lake):
        shoestring("migrate", "--source", database.url, "--lake", lake)
        [seal] = lake.glob("catalog/t/*-seal.json")
        return json.loads(seal.read_text())["partitions"]

    expected = sums(tmp_path / "before")
    database.psql("".join(f"ALTER DATABASE {database.name} SET {name} = {quoted(value)};"
                          for name, value in SETTINGS.items()))
    assert sums(tmp_path / "after") == expected


def test_the_table_of_types_is_true(pg15, make_database, shoestring):
    """Each row of docs/type_mapping.md, as `migrate --dry-run` says it."""
    rows = []
    for line in (servers.ROOT / "docs/type_mapping.md").read_text().splitlines():
        found = re.match(r"\| `(.*)` \| (.*?) \| (.*?) \| .*\|$", line)
        if found:
            rows += [(kind, found[2], found[3]) for kind in found[1].split("`, `")]
    assert len(rows) > 25
    database = make_database(pg15)
    database.psql(PREPARE + "CREATE TABLE t (id int, {})".format(
        ", ".join(f"c{i} {kind}" for i, (kind, *_) in enumerate(rows))))
    plan = json.loads(shoestring("migrate", "--source", database.url, "--lake", "unused",
                                 "--dry-run", "--json").stdout)
    told = {column["column"]: (column["type"].replace(" ", ""), column["note"])
            for column in plan["tables"][0]["columns"]}
    for i, (kind, lake, note) in enumerate(rows):
        assert told[f"c{i}"] == (lake.replace(" ", ""), note), kind


def test_policies_by_column(pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql("""CREATE TABLE t (id int, a date NOT NULL, b date, c numeric(5,2));
        INSERT INTO t VALUES (1, 'infinity', '-infinity', 'NaN'), (2, now(), now(), 1)""")
    migrate = ("migrate", "--source", database.url, "--lake", tmp_path / "lake")
    done = shoestring(*migrate, "--anomaly", "clamp", code=9)
    assert "t.c" in done.stderr and "null or text" in done.stderr
    done = shoestring(*migrate, "--anomaly", "null", "--anomaly", "b=clamp", "--anomaly",
                      "t.c=text")
    assert "t.a: 1 value could not be kept and became null" in done.stdout
    assert "t.b: 1 value could not be kept and became the nearest that can" in done.stdout
    rows = sorted(by_pyarrow(tmp_path / "lake", "t").to_pylist(), key=lambda row: row["id"])
    assert rows[0]["a"] is None and str(rows[0]["b"]) == "0001-01-01"
    assert [row["c"] for row in rows] == ["NaN", "1.00"]
    for anomaly, words in (("maybe", "error, null, clamp or text"),
                           ("d=null", "no table has such a column")):
        done = shoestring(*migrate, "--anomaly", anomaly, code=2)
        assert words in done.stderr


def test_partitions_of_anomalies(pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql("""CREATE TABLE t (id int, d date);
        INSERT INTO t VALUES (1, 'infinity'), (2, '0044-01-01 BC'), (3, '2024-02-03')""")
    for policy, folders in (("null", {"year=0/month=0", "year=2024/month=2"}),
                            ("clamp", {"year=9999/month=12", "year=1/month=1",
                                       "year=2024/month=2"})):
        lake = tmp_path / policy
        shoestring("migrate", "--source", database.url, "--lake", lake, "--anomaly", policy,
                   "--partition-by", "d")
        assert {str(path.parent.relative_to(lake / "data/t"))
                for path in lake.glob("data/t/**/*.parquet")} == folders
    done = shoestring("migrate", "--source", database.url, "--lake", tmp_path / "text",
                      "--anomaly", "text", "--partition-by", "d", code=2)
    assert "t.d" in done.stderr


def test_numbers_that_no_decimal_holds_together(pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql(f"""CREATE TABLE t (id int, n numeric);
        INSERT INTO t VALUES (1, {'9' * 30}), (2, 0.{'1' * 30})""")
    migrate = ("migrate", "--source", database.url, "--lake", tmp_path / "lake")
    for policy in ("error", "null", "clamp"):
        done = shoestring(*migrate, "--anomaly", policy, code=8)
        assert "t.n" in done.stderr and "--anomaly t.n=text" in done.stderr
    shoestring(*migrate, "--anomaly", "t.n=text")
    assert set(by_pyarrow(tmp_path / "lake", "t")["n"].to_pylist()) == {"9" * 30, "0." + "1" * 30}
