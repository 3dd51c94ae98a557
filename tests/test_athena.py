"""--engine athena: against moto, and against a scripted Athena that misbehaves."""

import json
import os
import signal
import subprocess
import time
import urllib.request

import pytest

from athena_server import ScriptedAthena


@pytest.fixture
def query(binary, tmp_path):
    """query(environment, *arguments, code=0): runs `shoestring query --engine athena`."""

    def run(environment, *arguments, code=0, timeout=60):
        form = [] if "--format" in arguments else ["--format", "csv"]
        done = subprocess.run(
            [binary, "query", "--engine", "athena", *form, *arguments],
            capture_output=True, text=True, timeout=timeout, env=environment, cwd=tmp_path,
            stdin=subprocess.DEVNULL)
        assert done.returncode == code, f"{done.returncode}, not {code}: {done.stderr}"
        return done

    return run


# ---- moto ----


@pytest.fixture
def on_moto(moto, query):
    """on_moto(columns, rows, *arguments): a query whose answer moto is told before."""
    environment = {"AWS_ENDPOINT_URL": moto.endpoint, "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
                   "AWS_EC2_METADATA_DISABLED": "true",
                   "SHOESTRING_ATHENA_OUTPUT": "s3://results/q/"}

    def run(columns, rows, *arguments, **options):
        data = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
                for row in [[name for name, _ in columns], *rows]]
        answer = {"results": [{"rows": data, "column_info": [
            {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name,
             "Label": name, "Type": kind, "Precision": 20, "Scale": 4, "Nullable": "UNKNOWN",
             "CaseSensitive": True} for name, kind in columns]}]}
        urllib.request.urlopen(urllib.request.Request(
            f"{moto.endpoint}/moto-api/static/athena/query-results",
            json.dumps(answer).encode(), {"Content-Type": "application/json"}), timeout=30)
        return query(environment, *arguments, **options)

    return run


def test_moto_answers_with_types(on_moto):
    columns = [("n", "bigint"), ("t", "varchar"), ("d", "decimal"), ("x", "double"),
               ("day", "date"), ("at", "timestamp"), ("b", "varbinary"), ("ok", "boolean")]
    rows = [["9223372036854775807", 'it"s, here', "1.5000", "1.0E20", "2024-02-29",
             "2024-02-29 12:34:56.789", "31 ff", "true"], [None] * 8,
            ["0", "", "0.0000", "NaN", "1970-01-01", "1970-01-01 00:00:00.000", "", "false"]]
    done = on_moto(columns, rows, "--format", "json", "SELECT 1")
    assert json.loads(done.stdout, parse_float=str) == [
        {"n": 9223372036854775807, "t": 'it"s, here', "d": "1.5000", "x": "1e+20",
         "day": "2024-02-29", "at": "2024-02-29T12:34:56.789", "b": "\\x31ff", "ok": True},
        dict.fromkeys(dict(columns)),
        {"n": 0, "t": "", "d": "0.0000", "x": "NaN", "day": "1970-01-01",
         "at": "1970-01-01T00:00:00", "b": "\\x", "ok": False}]
    assert "3 rows" in done.stderr and "$0.000048" in done.stderr


def test_moto_takes_what_shoestring_toml_says(moto, on_moto, tmp_path):
    moto.athena("CreateWorkGroup", Name="cheap", Configuration={
        "BytesScannedCutoffPerQuery": 10_485_760,
        "ResultConfiguration": {"OutputLocation": "s3://results/"}})
    (tmp_path / "shoestring.toml").write_text(
        'engine = "athena"\n[athena]\ndatabase = "example"\nworkgroup = "cheap"\n')
    on_moto([("n", "bigint")], [["7"]], "--max-scan", "10MiB", "SELECT 7 AS n")
    last = moto.athena("ListQueryExecutions", WorkGroup="cheap")["QueryExecutionIds"][-1]
    execution = moto.athena("GetQueryExecution", QueryExecutionId=last)["QueryExecution"]
    assert execution["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog",
                                                  "Database": "example"}
    assert execution["Query"] == "SELECT 7 AS n"


# ---- a scripted Athena ----


def test_a_query_waits_for_its_turn_and_tells_what_it_cost(query):
    with ScriptedAthena(["QUEUED"] * 3 + ["RUNNING", "SUCCEEDED"], rows=[["7"]]) as athena:
        done = query(athena.environment, "SELECT n")
    assert done.stdout == "n\n7\n"
    # 118 MB of 2^20 bytes at $5 a TB.
    assert "queued 50 ms, read 123 MB, $0.000563" in done.stderr
    assert athena.operations() == ["StartQueryExecution"] + ["GetQueryExecution"] * 5 + \
        ["GetQueryResults"]
    start = athena.bodies("StartQueryExecution")[0]
    assert start["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog",
                                              "Database": "example"}
    assert start["WorkGroup"] == "primary" and "ResultReuseConfiguration" not in start


def test_what_passes_by_itself_is_tried_again_with_the_same_token(query):
    refusals = {
        "StartQueryExecution": [(400, "ThrottlingException"), (400, "TooManyRequestsException"),
                                (500, "InternalServerException"), "cut"],
        "GetQueryExecution": [(400, "ThrottlingException"), (503, "")],
        "GetQueryResults": [(429, "")]}
    with ScriptedAthena(rows=[["7"]], refusals=refusals) as athena:
        assert query(athena.environment, "SELECT n").stdout == "n\n7\n"
    tokens = {body["ClientRequestToken"] for body in athena.bodies("StartQueryExecution")}
    assert len(athena.bodies("StartQueryExecution")) == 5 and len(tokens) == 1


def test_a_full_queue_is_waited_for_longer_than_faults(query):
    """More refusals than there are attempts of anything else."""
    refusals = {"StartQueryExecution": [(400, "TooManyRequestsException")] * 12}
    with ScriptedAthena(rows=[["7"]], refusals=refusals) as athena:
        assert query(athena.environment, "SELECT n", timeout=120).stdout == "n\n7\n"
    assert len(athena.bodies("StartQueryExecution")) == 13


def test_a_full_queue_is_not_waited_for_beyond_the_timeout(query):
    refusals = {"StartQueryExecution": [(400, "TooManyRequestsException")] * 1000}
    with ScriptedAthena(refusals=refusals) as athena:
        begun = time.monotonic()
        query(athena.environment, "--timeout", "700ms", "SELECT n", code=7)
    assert time.monotonic() - begun < 5


def test_what_is_refused_for_good_is_asked_once(query):
    for code, kind in (("InvalidRequestException", 2), ("AccessDeniedException", 5),
                       ("UnrecognizedClientException", 5)):
        with ScriptedAthena(refusals={"StartQueryExecution": [(400, code)]}) as athena:
            done = query(athena.environment, "SELECT n", code=kind)
        assert code in done.stderr and "s3cret" not in done.stderr
        assert athena.operations() == ["StartQueryExecution"]


@pytest.mark.parametrize("reason, error, code", [
    ("line 1:15: Table does not exist", {"ErrorCategory": 2, "ErrorType": 1301}, 3),
    ("COLUMN_NOT_FOUND: line 1:8: x", {"ErrorCategory": 2, "ErrorType": 1006}, 2),
    ("Bytes scanned limit was exceeded", {"ErrorCategory": 3}, 11),
    ("HIVE_CANNOT_OPEN_SPLIT: NoSuchKey", {"ErrorCategory": 2}, 4)])
def test_failures_have_our_kinds(reason, error, code, query):
    failed = {"Status": {"State": "FAILED", "StateChangeReason": reason, "AthenaError": error}}
    with ScriptedAthena(["RUNNING", failed]) as athena:
        assert reason in query(athena.environment, "SELECT n", code=code).stderr


def test_a_failure_of_athenas_own_is_submitted_anew(query):
    failed = {"Status": {"State": "FAILED", "StateChangeReason": "It broke",
                         "AthenaError": {"ErrorCategory": 1, "Retryable": True}}}
    with ScriptedAthena([failed, "RUNNING", "SUCCEEDED"], rows=[["7"]]) as athena:
        assert query(athena.environment, "SELECT n").stdout == "n\n7\n"
    assert len({body["ClientRequestToken"]
                for body in athena.bodies("StartQueryExecution")}) == 2


def test_a_timeout_stops_the_query_and_tells_what_it_cost(query):
    with ScriptedAthena(["RUNNING"]) as athena:
        done = query(athena.environment, "--timeout", "500ms", "SELECT n", code=7)
    assert athena.bodies("StopQueryExecution") == [{"QueryExecutionId": "id-0"}]
    assert "Athena had read 123 MB by then, $0.000563" in done.stderr


def test_ctrl_c_stops_the_query(binary):
    with ScriptedAthena(["RUNNING"]) as athena:
        process = subprocess.Popen([binary, "query", "--engine", "athena", "SELECT n"],
                                   env=athena.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while "GetQueryExecution" not in athena.operations() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert athena.bodies("StopQueryExecution") == [{"QueryExecutionId": "id-0"}]
    assert "Athena had read" in errors


def test_limits_are_kept_or_refused(query):
    with ScriptedAthena(rows=[["1"], ["2"]], cutoff=10_485_760) as athena:
        query(athena.environment, "--memory", "1GB", "SELECT n", code=8)
        query(athena.environment, "--threads", "2", "SELECT n", code=8)
        refused = query(athena.environment, "--max-scan", "10MB", "SELECT n", code=8)
        assert "BytesScannedCutoffPerQuery" in refused.stderr
        assert "StartQueryExecution" not in athena.operations()
        query(athena.environment, "--max-scan", "1GB", "SELECT n")
        query(athena.environment, "--max-rows", "1", "SELECT n", code=11)
    with ScriptedAthena(["RUNNING"], cutoff=10_485_760) as athena:
        query(athena.environment, "--max-scan", "11MB", "SELECT n", code=11)
        assert "StopQueryExecution" in athena.operations()


def test_5000_pages(query):
    rows = [[str(i)] for i in range(5000)]
    with ScriptedAthena(rows=rows, page=1) as athena:
        done = query(athena.environment | {"SHOESTRING_ATHENA_RESULTS": "pages"}, "SELECT n",
                     timeout=300)
    assert done.stdout == "n\n" + "".join(f"{i}\n" for i in range(5000))
    assert len(athena.bodies("GetQueryResults")) == 5001


def test_large_answers_are_streamed_from_their_file(query):
    rows = [[str(i), None if i % 3 == 0 else "" if i % 3 == 1 else f'"{i}",\n']
            for i in range(100_000)]
    lines = [",".join("" if value is None else '"' + value.replace('"', '""') + '"'
                      for value in row) for row in [["n", "t"], *rows]]
    content = ("\n".join(lines) + "\n").encode()
    columns = (("n", "bigint"), ("t", "varchar"))
    asked = {}
    for results in ("file", "pages"):
        with ScriptedAthena(columns=columns, rows=rows,
                            files={"/results/q.csv": content}) as athena:
            asked[results] = query(
                athena.environment | {"SHOESTRING_ATHENA_RESULTS": results},
                "SELECT n, t", timeout=300).stdout
        pages = len(athena.bodies("GetQueryResults"))
        assert pages == (1 if results == "file" else 101)
    assert asked["file"] == asked["pages"] and asked["file"].count("\n") > 100_000


def test_a_file_that_may_not_be_read_leaves_the_pages(query):
    with ScriptedAthena(rows=[[str(i)] for i in range(2500)]) as athena:
        assert query(athena.environment, "SELECT n").stdout.count("\n") == 2501
    assert len(athena.bodies("GetQueryResults")) == 3


def test_a_damaged_file_is_no_answer(query):
    with ScriptedAthena(rows=[[str(i)] for i in range(2500)],
                        files={"/results/q.csv": b'"n"\n"1"\n"2'}) as athena:
        query(athena.environment, "SELECT n", code=10)


def test_names_are_skipped_by_the_kind_of_statement(query):
    with ScriptedAthena(columns=(("tab_name", "string"),), rows=[["companies"]],
                        statement_type="DDL") as athena:
        done = query(athena.environment, "SHOW TABLES")
    assert done.stdout == "tab_name\ncompanies\n" and "$" not in done.stderr


def test_answers_are_reused_when_asked_for(query):
    reused = {"Status": {"State": "SUCCEEDED"}, "Statistics": {
        "ResultReuseInformation": {"ReusedPreviousResult": True}}}
    with ScriptedAthena([reused], rows=[["7"]]) as athena:
        done = query(athena.environment | {"SHOESTRING_ATHENA_REUSE": "1h"}, "SELECT n")
    assert athena.bodies("StartQueryExecution")[0]["ResultReuseConfiguration"] == {
        "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    assert "an earlier answer" in done.stderr and "$" not in done.stderr
    query({"AWS_REGION": "us-east-1", "SHOESTRING_ATHENA_REUSE": "8d"}, "SELECT 1", code=2)


def test_what_does_not_read_is_never_sent(query):
    with ScriptedAthena() as athena:
        for sql in ("DROP TABLE t", "INSERT INTO t VALUES 1", "MSCK REPAIR TABLE t"):
            query(athena.environment, sql, code=2)
    assert athena.asked == []


def test_a_region_is_wanted(query):
    assert "AWS_REGION" in query({}, "SELECT 1", code=2).stderr


def test_two_hundred_queries_from_eight_threads(binary):
    refusals = {"StartQueryExecution": [(400, "TooManyRequestsException")] * 20,
                "GetQueryResults": [(500, "InternalServerException")] * 5}
    with ScriptedAthena(["SUCCEEDED"], echo=True, refusals=refusals) as athena:
        environment = athena.environment | {name: value for name, value in os.environ.items()
                                            if name.endswith("SAN_OPTIONS")}
        done = subprocess.run([binary.with_name("engine_load"), "athena", "SELECT ? AS n"],
                              capture_output=True, text=True, timeout=600, env=environment)
    assert done.stdout == "200 queries, 0 errors, 0 wrong answers\n", done.stderr[-5000:]
    assert done.returncode == 0
