"""`shoestring inspect`: the first look at a database, on real servers."""

import gzip
import json
import os
import subprocess

import pytest

import servers

PAGILA = servers.ROOT / "examples/pagila"

# As Supabase lays it out, cut down to what a look depends on.
SUPABASE = """
CREATE SCHEMA auth;
CREATE SCHEMA storage;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, created_at timestamptz);
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
CREATE TABLE storage.buckets (id text PRIMARY KEY, name text NOT NULL, public boolean);
CREATE TABLE storage.objects (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  bucket_id text REFERENCES storage.buckets (id), name text, metadata jsonb);
INSERT INTO auth.users SELECT gen_random_uuid(), 'u' || i || '@example.org', now()
  FROM generate_series(1, 12) i;
INSERT INTO storage.buckets VALUES ('avatars', 'avatars', true);
INSERT INTO storage.objects (bucket_id, name, metadata)
  SELECT 'avatars', 'f' || i, jsonb_build_object('size', 1000 * i)
  FROM generate_series(1, 3) i;

CREATE TABLE profiles (
  id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
  name text, updated_at timestamptz);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own profile" ON profiles FOR SELECT USING (auth.uid() = id);
CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text, created_at date NOT NULL,
  words int GENERATED ALWAYS AS (length(body)) STORED, position point);
INSERT INTO notes (body, created_at)
  SELECT 'note ' || i, date '2020-01-01' + i FROM generate_series(0, 1460) i;
CREATE FUNCTION handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN INSERT INTO public.profiles (id) VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION handle_new_user();
CREATE FUNCTION match_notes(query text) RETURNS SETOF notes LANGUAGE sql AS
  $$ SELECT * FROM notes WHERE body LIKE query $$;
CREATE VIEW recent AS SELECT * FROM notes WHERE created_at > '2023-01-01';
CREATE PUBLICATION supabase_realtime FOR TABLE notes;
ANALYZE;
"""


@pytest.fixture
def inspect(shoestring):
    """inspect(url): the report as JSON."""

    def run(url, *arguments):
        done = shoestring("inspect", "--source", url, "--format", "json", *arguments)
        return json.loads(done.stdout)

    return run


def tables(report):
    return {table["name"]: table for table in report["tables"]}


def test_example(example_db, inspect):
    report = inspect(example_db.url)
    assert report["server_version"].startswith("15.")
    assert report["supabase"] is None
    seen = tables(report)
    assert set(seen) == {"companies", "company_filings", "fund_holdings",
                         "fund_holdings_diff"}
    for name, table in seen.items():
        rows = int(example_db.psql(f"SELECT count(*) FROM {name}"))
        heap = int(example_db.psql(f"SELECT pg_relation_size('{name}')"))
        assert abs(table["rows_estimated"] - rows) <= rows * 0.05, name
        assert table["heap_bytes"] == heap
        assert table["index_bytes"] > 0
        assert table["fate"] == "moves" and table["text_columns"] == []
    growth = seen["fund_holdings"]["growth"]
    last = example_db.psql("SELECT max(filing_date) FROM fund_holdings")
    year = int(example_db.psql("SELECT count(*) FROM fund_holdings WHERE filing_date > "
                               f"date '{last}' - 365"))
    assert growth["column"] == "filing_date" and growth["latest"] == last
    assert growth["rows_per_month"] == pytest.approx(year / 12, rel=0.2)
    verdict = report["verdict"]
    assert verdict["advice"] == "depends" and verdict["scenarios"] == []
    total = sum(table["heap_bytes"] for table in seen.values())
    lake = verdict["lake_bytes"]
    assert 0.1 * total < lake["low"] < lake["high"] < total


def test_text(example_db, shoestring):
    done = shoestring("inspect", "--source", example_db.url)
    assert "fund_holdings_diff" in done.stdout
    assert "Verdict: Depends on this server's price" in done.stdout
    assert done.stderr == ""


def test_source_from_the_environment(example_db, shoestring):
    environment = {**os.environ, "DATABASE_URL": example_db.url}
    assert "Verdict" in shoestring("inspect", env=environment).stdout


def test_pagila(pg15, make_database, inspect):
    database = make_database(pg15)
    database.psql((PAGILA / "pagila-schema.sql").read_text())
    database.psql(gzip.decompress((PAGILA / "pagila-data.sql.gz").read_bytes()).decode())
    database.psql("ANALYZE")
    report = inspect(database.url)
    seen = tables(report)
    payment = seen["payment"]
    assert payment["kind"] == "partitioned table" and payment["partitions"] == 7
    assert payment["rows_estimated"] == int(database.psql("SELECT count(*) FROM payment"))
    assert not any(name.startswith("payment_p") for name in seen), "leaves are no tables"
    assert seen["film"]["fate"] == "moves_with_care"
    assert seen["film"]["text_columns"] == [{"column": "fulltext", "type": "tsvector"}]
    assert seen["staff_list"]["kind"] == "view" and seen["staff_list"]["fate"] == "stays"
    assert seen["rental_by_category"]["kind"] == "materialized view"
    assert "actor_id" in seen["actor"]["numbered_columns"]
    assert len([t for t in report["triggers"] if t["name"] == "last_updated"]) == 14
    functions = {f["name"].split("(")[0]: f for f in report["functions"]}
    assert functions["public.rewards_report"]["security_definer"]
    assert len(functions["public.last_updated"]["used_by"]) == 14


def test_supabase(pg15, make_database, inspect, shoestring):
    database = make_database(pg15)
    database.psql(SUPABASE)
    report = inspect(database.url)
    assert report["supabase"] == {
        "users": 12, "buckets": 1, "objects": 3, "object_bytes": 6000, "cron_jobs": 0,
        "realtime_tables": ["public.notes"],
        "compute_guessed": report["supabase"]["compute_guessed"]}
    assert report["schemas"] == ["public"], "Supabase's own are left out"
    seen = tables(report)
    assert set(seen) == {"profiles", "notes", "recent"}

    profiles = seen["profiles"]
    assert profiles["row_security"] and profiles["fate"] == "moves_with_care"
    [policy] = profiles["policies"]
    assert policy["name"] == "own profile" and policy["command"] == "SELECT"
    assert policy["using"] == "(auth.uid() = id)" and policy["calls"] == ["auth.uid"]
    assert profiles["rows_draft"] == {
        "roles": {"anon": "id=eq.{sub}", "authenticated": "id=eq.{sub}"},
        "not_translated": []}
    assert seen["notes"]["rows_draft"] is None
    assert profiles["outward_foreign_keys"] == [
        {"name": "profiles_id_fkey", "references": "auth.users"}]

    notes = seen["notes"]
    assert notes["numbered_columns"] == ["id"] and notes["generated_columns"] == ["words"]
    assert [c["column"] for c in notes["text_columns"]] == ["position"]
    assert notes["growth"]["latest"] == "2023-12-31"
    assert notes["growth"]["rows_per_month"] == pytest.approx(365 / 12, rel=0.1)

    [trigger] = report["triggers"]
    assert trigger["table"] == "auth.users"
    assert trigger["function"] == "public.handle_new_user"
    by_name = {f["name"]: f["used_by"] for f in report["functions"]}
    assert by_name["public.match_notes(query text)"] == []
    assert by_name["public.handle_new_user()"] == [
        "trigger on_auth_user_created on auth.users"]

    verdict = report["verdict"]
    assert verdict["advice"] == "nothing_to_save"
    assert "Free plan" in verdict["headline"]
    names = [scenario["name"] for scenario in verdict["scenarios"]]
    assert names == ["stay on Pro", "smaller plan", "cancel the project"]
    cancel = verdict["scenarios"][2]
    assert not cancel["possible"] and "auth users: 12" in cancel["condition"]

    text = shoestring("inspect", "--source", database.url).stdout
    assert "profiles: own profile (SELECT to public) using (auth.uid() = id)" in text


def test_schemas(pg15, make_database, inspect, shoestring):
    database = make_database(pg15)
    database.psql('CREATE SCHEMA "odd ""name"; CREATE TABLE "odd ""name"."T " (a int);'
                  "CREATE SCHEMA other; CREATE TABLE other.t (a int);"
                  "CREATE TABLE t (a int)")
    assert inspect(database.url)["schemas"] == ['odd "name', "other", "public"]
    two = inspect(database.url, "--schema", "other", "--schema", 'odd "name')
    assert [(t["schema"], t["name"]) for t in two["tables"]] == [
        ('odd "name', "T "), ("other", "t")]
    done = shoestring("inspect", "--source", database.url, "--schema", "nope", code=3)
    assert "nope" in done.stderr and "other" in done.stderr


def test_a_role_without_privileges(pg15, make_database, inspect):
    database = make_database(pg15)
    database.psql(SUPABASE)
    database.psql("CREATE TABLE closed (a int); REVOKE ALL ON SCHEMA public FROM public")
    pg15.psql("DROP ROLE IF EXISTS nobody_much; CREATE ROLE nobody_much LOGIN")
    report = inspect(pg15.url(database.name, user="nobody_much"))
    for what in ("users", "buckets", "objects", "object_bytes"):
        assert report["supabase"][what] is None, what
    seen = tables(report)
    assert {"closed", "notes", "profiles"} <= set(seen)
    assert not any(seen[name]["readable"] for name in ("closed", "notes", "profiles"))
    assert "GRANT SELECT" in seen["closed"]["reasons"][0]
    assert seen["notes"]["heap_bytes"] > 0
    assert report["database_bytes"] > 0
    assert report["verdict"]["advice"] == "keep"


def test_rows_that_a_policy_hides(pg15, make_database, inspect):
    database = make_database(pg15)
    database.psql(SUPABASE)
    pg15.psql("DROP ROLE IF EXISTS sees_a_part; CREATE ROLE sees_a_part LOGIN")
    database.psql("GRANT USAGE ON SCHEMA auth TO sees_a_part;"
                  "GRANT SELECT ON profiles, notes, auth.users TO sees_a_part")
    report = inspect(pg15.url(database.name, user="sees_a_part"))
    seen = tables(report)
    assert not seen["profiles"]["every_row_visible"]
    assert seen["profiles"]["fate"] == "stays"
    assert seen["notes"]["every_row_visible"]
    assert report["supabase"]["users"] is None, "a part of the users is no count of them"


def test_row_security_without_a_policy(pg15, make_database, shoestring):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    text = shoestring("inspect", "--source", database.url).stdout
    assert "t: no policy, closed to all but its owner" in text
    assert "# t: closed to all" in text


def test_versions(postgres, make_database, inspect):
    database = make_database(postgres)
    database.psql("""
        CREATE TABLE p (d date NOT NULL, g int GENERATED ALWAYS AS (1) STORED, f float8[])
          PARTITION BY RANGE (d);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2024-01-01');
        CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2030-01-01');
        INSERT INTO p (d) SELECT date '2023-01-01' + i FROM generate_series(0, 729) i;
        CREATE TABLE stray (d date, t timestamptz);
        INSERT INTO stray SELECT date '2020-01-01' + i FROM generate_series(0, 999) i;
        INSERT INTO stray VALUES ('infinity'), ('-infinity'), ('9999-12-31'),
                                 ('5000000-1-1');
        SELECT lo_from_bytea(0, 'abc');
        ANALYZE;""")
    report = inspect(database.url)
    assert report["server_version"].startswith(str(postgres.version))
    seen = tables(report)
    assert seen["p"]["rows_estimated"] == 730 and seen["p"]["partitions"] == 2
    assert seen["p"]["fate"] == "moves"
    assert seen["stray"]["growth"]["latest"].startswith("2022-09")
    assert report["large_objects"] == 1
    assert report["rates_unknown_because"].startswith("the counters began only")


def test_it_changes_nothing_and_waits_for_nobody(pg15, make_database, inspect):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)")
    before = database.psql("SELECT xmin, * FROM pg_class WHERE relname = 't'")
    inspect(database.url)
    assert database.psql("SELECT xmin, * FROM pg_class WHERE relname = 't'") == before


def test_a_locked_table_ends_the_wait(pg15, make_database, binary):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int)")
    lock = subprocess.Popen(
        ["psql", "-X", "-q", "-d", database.url, "-c", "BEGIN", "-c",
         "LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "-c", "SELECT 1", "-c",
         "SELECT pg_sleep(60)"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        lock.stdout.readline()
        done = subprocess.run([binary, "inspect", "--source", database.url],
                              capture_output=True, text=True, timeout=40)
        assert done.returncode == 6 and "locked by another session" in done.stderr
    finally:
        lock.kill()
        lock.wait()


def test_control_characters_in_names_do_not_reach_the_terminal(
        pg15, make_database, shoestring):
    database = make_database(pg15)
    database.psql("""CREATE TABLE "a\x1b[31mred" (i int);""")
    text = shoestring("inspect", "--source", database.url).stdout
    assert "\x1b" not in text and "[31mred" in text


def test_a_wrong_password_is_not_repeated(shoestring):
    secret = "s3cr3t-Passw0rd"
    with servers.Postgres(15, auth="scram-sha-256") as server:
        done = shoestring("inspect", "--source", server.url(password=secret), code=5)
        assert "password authentication failed" in done.stderr
        assert secret not in done.stderr + done.stdout


def test_no_source(shoestring):
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = shoestring("inspect", code=2, env=environment)
    assert "--source" in done.stderr
