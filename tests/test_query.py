"""query, tables and describe, driven as a user drives them."""

import csv
import decimal
import fcntl
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pyarrow.parquet
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUERIES = ROOT / "examples/13f/queries"
PATIENCE = 60  # seconds for what takes a moment on an idle machine
FOREVER = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1"


@pytest.fixture
def query(binary, example_lake):
    """query(*arguments, code=0): runs `shoestring query` on the example's lake; `code` is
    the expected exit code, or several that will do."""

    def run(*arguments, code=0, text=True, typed=None):
        source = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
        done = subprocess.run([binary, "query", "--lake", str(example_lake), *arguments],
                              capture_output=True, text=text, timeout=120, **source)
        expected = code if isinstance(code, tuple) else (code,)
        assert done.returncode in expected, f"{done.returncode}, not {code}: {done.stderr}"
        return done

    return run


def numbers_alike(value):
    """One form for numbers that the two sides print differently, such as 1.5 and 1.50."""
    try:
        return decimal.Decimal(value).normalize()
    except decimal.InvalidOperation:
        return value


def rows_of(text):
    return [[numbers_alike(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


# ---- results ----


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_the_guides_queries_give_the_same_as_postgres(path, query, example_db):
    sql = path.read_text().rstrip().rstrip(";")
    lake = rows_of(query("--file", str(path), "--format", "csv").stdout)
    postgres = rows_of(example_db.psql(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)"))
    assert len(postgres) > 1
    assert lake == postgres


@pytest.mark.parametrize("path", sorted((QUERIES / "lake").glob("*.sql")),
                         ids=lambda path: path.stem)
def test_queries_with_partition_columns_read_less(path, query):
    done = query("--file", str(path), "--format", "csv")
    assert len(rows_of(done.stdout)) > 1
    assert re.search(r"read [\d,]+ of [\d,]+ files", done.stderr)


def test_one_partition_is_one_file(query):
    done = query("SELECT sum(market_value) FROM fund_holdings WHERE year = 2024 AND month = 2")
    assert re.search(r"read 1 of \d+ files", done.stderr)


def test_counting_reads_nothing(query):
    done = query("SELECT count(*) FROM fund_holdings")
    assert re.search(r"read 0 of \d+ files, 0 B", done.stderr)


def test_every_row_equals_postgres(query, example_db):
    columns = "id, fund_name, ticker, shares, market_value, weight, filing_date, created_at"
    sql = f"SELECT {columns} FROM fund_holdings WHERE id % 50 = 0 ORDER BY id"
    lake = rows_of(query(sql, "--format", "csv").stdout)
    postgres = rows_of(example_db.psql(
        f"SET timezone = 'UTC'; COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)").removeprefix("SET\n"))
    assert lake == postgres


# ---- formats ----


def test_json_is_exact(query):
    done = query("--format", "json", """
        SELECT 9223372036854775807 AS big, 12345678901234567890.1234::decimal(38, 4) AS exact,
               sum(range)::hugeint AS whole, 0.1::double AS tenth, 'NaN'::double AS nan,
               '-Infinity'::double AS low, NULL AS none, 'a"b\n' AS text, true AS yes,
               DATE '2024-02-29' AS day, TIMESTAMPTZ '2024-02-29 12:00:00.5+02' AS at,
               '\\xDE\\xAD'::blob AS bytes, [1.50::decimal(9, 2), NULL] AS list,
               {'a': 1, 'b': ['x']} AS nested, MAP {'k': 2} AS map
          FROM range(3)""")
    rows = json.loads(done.stdout, parse_float=decimal.Decimal)
    assert rows == [{
        "big": 9223372036854775807, "exact": decimal.Decimal("12345678901234567890.1234"),
        "whole": 3, "tenth": decimal.Decimal("0.1"), "nan": "NaN", "low": "-Infinity",
        "none": None, "text": 'a"b\n', "yes": True, "day": "2024-02-29",
        "at": "2024-02-29T10:00:00.5+00:00", "bytes": "\\xdead",
        "list": [decimal.Decimal("1.50"), None], "nested": {"a": 1, "b": ["x"]},
        "map": {"k": 2}}]


def test_json_of_many_rows_is_one_array(query):
    rows = json.loads(query("--format", "json", "SELECT * FROM fund_holdings").stdout)
    assert len(rows) == int(query("--format", "csv", "SELECT count(*) FROM fund_holdings")
                            .stdout.split()[1])
    assert list(rows[0])[-2:] == ["year", "month"]


def test_json_of_nothing(query):
    assert json.loads(query("--format", "json", "SELECT 1 WHERE false").stdout) == []


def test_csv_tells_null_from_empty(query):
    done = query("--format", "csv", "SELECT NULL AS a, '' AS b, 'x,\"y\"' AS c, E'1\\n2' AS d")
    assert done.stdout == 'a,b,c,d\n,"","x,""y""","1\n2"\n'


def test_parquet(query, tmp_path):
    path = tmp_path / "out.parquet"
    query("--format", "parquet", "--output", str(path), "SELECT * FROM fund_holdings")
    table = pyarrow.parquet.read_table(path)
    piped = query("--format", "parquet", "SELECT count(*) AS n FROM fund_holdings", text=False)
    counted = pyarrow.parquet.read_table(io.BytesIO(piped.stdout)).to_pylist()
    assert counted == [{"n": table.num_rows}]
    assert str(table.schema.field("market_value").type) == "decimal128(18, 2)"


def test_a_failed_query_leaves_no_file(query, tmp_path):
    path = tmp_path / "out.csv"
    query("--format", "csv", "--output", str(path),
          "SELECT CASE WHEN id = 200000 THEN error('stop') ELSE 'x' END FROM fund_holdings",
          code=2)
    assert list(tmp_path.iterdir()) == []


def test_statements_come_from_everywhere(query, tmp_path):
    file = tmp_path / "two.sql"
    file.write_text("SELECT 1 AS a; -- one\nSELECT ';' AS b")
    assert query("--file", str(file), "--format", "csv").stdout == "a\n1\n\nb\n;\n"
    assert query("--format", "csv", typed="SELECT 3 AS c;").stdout == "c\n3\n"
    assert "One statement" in query("--file", str(file), "--format", "json", code=2).stderr
    assert "no statement" in query(typed="-- nothing", code=2).stderr
    assert query("--quiet", "SELECT 1").stderr == ""
    query("--file", str(tmp_path / "missing.sql"), code=3)


def test_a_reader_that_leaves_is_no_error(binary, example_lake):
    done = subprocess.run(
        f"'{binary}' query --lake '{example_lake}' --format csv 'SELECT * FROM fund_holdings' "
        "| head -1", shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("id,")
    assert done.stderr == ""


# ---- what must not pass ----

HOSTILE = [
    "CREATE TABLE t (a int)", "CREATE VIEW v AS SELECT 1", "CREATE MACRO m() AS 1",
    "CREATE SECRET s (TYPE s3)", "DROP VIEW fund_holdings", "DELETE FROM fund_holdings",
    "INSERT INTO companies VALUES (1)", "UPDATE companies SET id = 1",
    "TRUNCATE companies", "ALTER VIEW companies RENAME TO c",
    "COPY companies TO '{out}'", "COPY (SELECT 1) TO '{out}'",
    "COPY (SELECT 1) TO 'lake://data/x'", "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'", "ATTACH '{out}' AS a", "ATTACH ':memory:' AS a", "DETACH memory",
    "USE memory", "INSTALL httpfs", "LOAD httpfs", "LOAD '{out}'", "UPDATE EXTENSIONS",
    "SET enable_external_access = true", "SET memory_limit = '1TB'", "RESET threads",
    "SET lock_configuration = false", "PRAGMA database_list", "PRAGMA enable_profiling",
    "PRAGMA import_database('{out}')", "CALL enable_logging()", "CALL pragma_version()",
    "CHECKPOINT", "VACUUM", "ANALYZE", "BEGIN", "COMMIT", "PREPARE p AS SELECT 1", "EXECUTE p",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'", "EXPLAIN DELETE FROM companies",
    "SET VARIABLE x = 1", "COMMENT ON VIEW companies IS 'x'",
]

OUTSIDE = [
    "read_text('/etc/passwd')", "read_blob('/etc/passwd')", "read_csv('/etc/passwd')",
    "read_json('/etc/passwd')", "read_parquet('/etc/passwd')", "parquet_metadata('{data}')",
    "read_parquet('{data}')", "'{data}'", "'/etc/passwd'", "glob('/etc/*')",
    "sniff_csv('/etc/passwd')", "read_text('/proc/self/environ')",
    "read_csv('http://127.0.0.1:1/x')", "read_parquet('s3://bucket/x')",
    "read_text('lake://catalog/lake.json')", "read_text('lake://../x')",
    "read_duckdb('/tmp/x.db')", "sqlite_scan('/tmp/x', 'y')", "query('DROP VIEW companies')",
    "query_table('/etc/passwd')", "duckdb_secrets()", "which_secret('s3://x', 's3')",
    "enable_logging(storage => 'file', storage_config => {{'path': '{out}'}})",
    "arrow_scan(1::pointer, 1::pointer, 1::pointer)",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_only_statements_that_read_pass(sql, query, tmp_path):
    done = query(sql.format(out=tmp_path / "out"), code=2)
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", OUTSIDE)
def test_nothing_outside_the_lake_is_read(source, query, example_lake, tmp_path):
    data = next((example_lake / "data" / "companies").glob("**/*.parquet"))
    sql = "SELECT * FROM " + source.format(out=tmp_path / "out", data=data)
    done = query(sql, code=(2, 3, 5))
    assert done.stdout == ""
    assert "root:" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_secrets_of_the_environment_stay(query):
    query("SELECT getenv('HOME')", code=2)


# ---- limits ----


def test_a_missing_table_names_those_there_are(query):
    done = query("SELECT * FROM fund_holding", code=3)
    assert "tables are: companies, company_filings, fund_holdings" in done.stderr


@pytest.mark.parametrize("limit", [("--max-scan", "0"), ("--timeout", "0s"), ("--max-cost", "0"),
                                   ("--max-cost", "nan")])
def test_a_limit_of_nothing_is_refused(query, limit):
    assert limit[0] in query("SELECT 1", *limit, code=2).stderr


def test_time_limit(query):
    query("--timeout", "300ms", FOREVER, code=7)


def test_memory_limit(query):
    done = query("--memory", "20MB", "--threads", "1",
                 "SELECT list(range::text || 'xxxxxxxxxxxxxxxxxxxx') FROM range(5000000)", code=11)
    assert "--memory" in done.stderr


@pytest.mark.parametrize("arguments", [
    ["--memory", "lots"], ["--timeout", "soon"], ["--threads", "0"], ["--format", "xml"]])
def test_wrong_flags_are_refused(arguments, query):
    query(*arguments, "SELECT 1", code=2)


def test_other_engines_are_refused(query):
    assert "duckdb" in query("--engine", "oracle", "SELECT 1", code=2).stderr


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_busy(process, seconds=1):
    """Until it has computed for so long, as it does on FOREVER alone."""
    before = cpu_seconds(process)
    deadline = time.monotonic() + PATIENCE
    while cpu_seconds(process) < before + seconds:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_once_and_leaves_nothing(signal_number, binary, example_lake, tmp_path):
    process = subprocess.Popen(
        [binary, "query", "--lake", str(example_lake), "--memory", "200MB", FOREVER],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)})
    wait_until_busy(process)
    process.send_signal(signal_number)
    assert process.wait(timeout=PATIENCE) == 130
    assert "cancelled" in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


# ---- tables and describe ----


def test_tables(binary, example_lake, example_db):
    done = subprocess.run([binary, "tables", "--lake", str(example_lake), "--format", "json"],
                          capture_output=True, text=True, check=True)
    tables = {table["name"]: table for table in json.loads(done.stdout)}
    for name in ("companies", "company_filings", "fund_holdings", "fund_holdings_diff"):
        assert tables[name]["rows"] == int(example_db.psql(f"SELECT count(*) FROM {name}"))
        assert tables[name]["files"] > 0 and tables[name]["bytes"] > 0
    assert tables["fund_holdings"]["partitioned_by"]["column"] == "filing_date"
    assert tables["companies"]["partitioned_by"] is None
    shown = subprocess.run([binary, "tables"], capture_output=True, text=True, check=True,
                           env={**os.environ, "SHOESTRING_LAKE": str(example_lake)})
    assert "fund_holdings_diff" in shown.stdout


def test_describe(binary, example_lake):
    arguments = [binary, "describe", "--lake", str(example_lake)]
    done = subprocess.run([*arguments, "fund_holdings", "--format", "json"],
                          capture_output=True, text=True, check=True)
    described = json.loads(done.stdout)
    columns = {column["name"]: column for column in described["columns"]}
    assert columns["shares"]["type"] == "decimal(20, 4)"
    assert columns["shares"]["postgres_type"] == "numeric(20,4)"
    assert columns["filing_date"]["nullable"] is False
    assert described["partitioned_by"]["columns"] == ["year", "month"]
    shown = subprocess.run([*arguments, "FUND_HOLDINGS"], capture_output=True, text=True,
                           check=True)
    assert "numeric(20,4)" in shown.stdout
    missing = subprocess.run([*arguments, "nothing"], capture_output=True, text=True)
    assert missing.returncode == 3 and "tables are: companies" in missing.stderr


def test_a_lake_that_is_not_there(binary, tmp_path):
    done = subprocess.run([binary, "tables", "--lake", str(tmp_path / "none")],
                          capture_output=True, text=True)
    assert done.returncode == 3


# ---- the prompt ----


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, arguments, **environment):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 100))
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=self._take_terminal,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
        os.close(slave)
        self.seen = ""

    @staticmethod
    def _take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def send(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, timeout=PATIENCE):
        """Waits for the pattern; what comes before it is forgotten."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                pytest.fail(f"no {pattern!r} in {self.seen!r}")
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def prompt(binary, example_lake, tmp_path):
    terminal = Terminal([binary, "query", "--lake", str(example_lake)],
                        XDG_STATE_HOME=str(tmp_path))
    terminal.expect("shoestring> ")
    yield terminal
    terminal.close()


def test_prompt_runs_statements(prompt):
    prompt.send("SELECT 40 +\n")
    prompt.expect(r"\.\.> ")
    prompt.send("2 AS answer;\n")
    prompt.expect(r"answer\s+-+\s+42\s+1 row")
    prompt.expect("shoestring> ")
    prompt.send("SELECT nothing;\n")
    prompt.expect("nothing")
    prompt.expect("shoestring> ")
    prompt.send("SELECT 'é日本' AS text; SELECT 2 AS two;\n")
    prompt.expect("é日本")
    prompt.expect(r"two\s+-+\s+2\s")
    prompt.expect("shoestring> ")
    prompt.send("\\q\n")
    assert prompt.process.wait(timeout=PATIENCE) == 0


def test_prompt_lists_and_describes(prompt):
    prompt.send("\\d\n")
    prompt.expect("company_filings")
    prompt.expect("shoestring> ")
    prompt.send("\\d companies\n")
    prompt.expect("timestamp with time zone")
    prompt.expect("shoestring> ")
    prompt.send("\\d nothing\n")
    prompt.expect("No such table: nothing")
    prompt.expect("shoestring> ")
    prompt.send("\\x\n")
    prompt.expect("No such command")
    prompt.expect("shoestring> ")
    deadline = time.monotonic() + PATIENCE
    while prompt.process.poll() is None and time.monotonic() < deadline:
        # While the terminal is not raw yet, after its prompt, Ctrl-D becomes a part of the
        # line, which Ctrl-C drops.
        prompt.send("\x03\x04")
        time.sleep(0.1)
    assert prompt.process.poll() == 0


def test_ctrl_c_stops_the_query_and_not_the_prompt(prompt):
    prompt.send(FOREVER + ";\n")
    prompt.expect("= -1;")
    wait_until_busy(prompt.process)
    prompt.send("\x03")
    prompt.expect("cancelled")
    prompt.expect("shoestring> ")
    prompt.send("SELECT 7 AS seven;\n")
    prompt.expect(r"seven\s+-+\s+7\s")
    prompt.expect("shoestring> ")


def test_ctrl_c_drops_the_line(prompt):
    prompt.send("SELECT 1 +\n")
    prompt.expect(r"\.\.> ")
    prompt.send("garbage")
    prompt.expect("garbage")
    prompt.send("\x03")
    prompt.expect("shoestring> ")
    prompt.send("SELECT 8 AS eight;\n")
    prompt.expect(r"eight\s+-+\s+8\s")
    prompt.expect("shoestring> ")


def test_history_is_kept(prompt, binary, example_lake, tmp_path):
    prompt.send("SELECT 99\n AS first_time;\n")
    prompt.expect(r"first_time\s+-+\s+99\s")
    prompt.expect("shoestring> ")
    prompt.send("\\q\n")
    prompt.process.wait(timeout=PATIENCE)
    history = tmp_path / "shoestring" / "history"
    assert history.stat().st_mode & 0o077 == 0
    again = Terminal([binary, "query", "--lake", str(example_lake)], XDG_STATE_HOME=str(tmp_path))
    try:
        again.expect("shoestring> ")
        again.send("\x1b[A\x1b[A\n")
        again.expect(r"first_time\s+-+\s+99\s")
    finally:
        again.close()


def test_results_fit_the_terminal(prompt):
    prompt.send("SELECT repeat('x', 500) AS long;\n")
    prompt.expect("x{50,98}…")
    prompt.expect("shoestring> ")
