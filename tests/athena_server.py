"""Athena's API played from a script: what a test says it answers, and what it was asked.

moto, which test_athena.py uses too, never throttles, queues, fails or pages.
"""

import http.server
import json
import threading


class ScriptedAthena:
    """Queries that go as a test says, as a context manager; also the bucket of their results.

    states: what GetQueryExecution says of a query, one after the other, the last for ever;
        an entry is a state, or a dictionary laid over the execution.
    refusals: {operation: [(status, code) or "cut", …]}, given before anything else.
    rows: of the answer, lists of texts or None; page: how many come at once.
    echo: the answer is the number that the query's parameter is, whatever rows says.
    files: what the bucket holds, by path; a .csv that is not there is 404.
    """

    def __init__(self, states=("QUEUED", "RUNNING", "SUCCEEDED"), columns=(("n", "bigint"),),
                 rows=(), page=1000, statement_type="DML", refusals=None, files=None,
                 cutoff=0, output="s3://results/q.csv", echo=False):
        self.states = list(states)
        self.columns, self.rows, self.page = columns, list(rows), page
        self.statement_type = statement_type
        self.refusals = refusals or {}
        self.files = files or {}
        self.cutoff, self.output, self.echo = cutoff, output, echo
        self.asked = []  # (operation, body)
        self.started = {}  # ids by token
        self._parameters = {}  # by id
        self._lock = threading.Lock()

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"script": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
                "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "s3cret",
                "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
                "SHOESTRING_ATHENA_DATABASE": "example"}

    def operations(self):
        return [operation for operation, _ in self.asked]

    def bodies(self, operation):
        return [body for asked, body in self.asked if asked == operation]

    def answer(self, operation, body):
        """Status and JSON; None cuts the connection."""
        with self._lock:
            self.asked.append((operation, body))
            refusals = self.refusals.get(operation)
            if refusals:
                refusal = refusals.pop(0)
                if refusal == "cut":
                    return None
                status, code = refusal
                return status, {"__type": code, "Message": f"This is {code}"}
            return 200, getattr(self, f"_{operation}")(body)

    def _StartQueryExecution(self, body):
        token = body["ClientRequestToken"]
        assert 32 <= len(token) <= 128
        name = self.started.setdefault(token, f"id-{len(self.started)}")
        self._parameters[name] = body.get("ExecutionParameters")
        return {"QueryExecutionId": name}

    def _GetQueryExecution(self, body):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        execution = {
            "QueryExecutionId": body["QueryExecutionId"], "StatementType": self.statement_type,
            "Status": {"State": state, "SubmissionDateTime": 1.7e9},
            "Statistics": {"DataScannedInBytes": 123_000_000, "QueryQueueTimeInMillis": 50,
                           "EngineExecutionTimeInMillis": 70},
            "ResultConfiguration": {"OutputLocation": self.output}}
        if isinstance(state, dict):
            execution |= state
        return {"QueryExecution": execution}

    def _GetQueryResults(self, body):
        rows = [[name for name, _ in self.columns]] if self.statement_type == "DML" else []
        if self.echo:
            parameter = self._parameters[body["QueryExecutionId"]][0]
            rows.append([parameter.removeprefix("BIGINT '").removesuffix("'")])
        else:
            rows += self.rows
        size = min(self.page, body["MaxResults"])
        begin = int(body.get("NextToken", 0))
        answer = {"ResultSet": {
            "Rows": [{"Data": [{} if value is None else {"VarCharValue": value}
                               for value in row]} for row in rows[begin:begin + size]],
            "ResultSetMetadata": {"ColumnInfo": [
                {"Name": name, "Label": name, "Type": kind, "Precision": 0, "Scale": 0}
                for name, kind in self.columns]}}}
        if begin + size < len(rows):
            answer["NextToken"] = str(begin + size)
        return answer

    def _StopQueryExecution(self, body):
        self.states = ["CANCELLED"]
        return {}

    def _GetWorkGroup(self, body):
        return {"WorkGroup": {"Name": body["WorkGroup"], "Configuration": {
            "BytesScannedCutoffPerQuery": self.cutoff} if self.cutoff else {}}}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service, operation = self.headers["X-Amz-Target"].split(".")
        assert service == "AmazonAthena"
        assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert "/us-east-1/athena/aws4_request" in self.headers["Authorization"]
        found = self.script.answer(operation, body)
        if found is None:
            self.close_connection = True
            self.connection.close()
            return
        self._send(found[0], json.dumps(found[1]).encode())

    def do_HEAD(self):
        self._send_file(body=False)

    def do_GET(self):
        self._send_file(body=True)

    def _send_file(self, body):
        content = self.script.files.get(self.path.split("?")[0])
        if content is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>" if body else b"")
            return
        status = 200
        headers = {"ETag": '"one"', "Accept-Ranges": "bytes"}
        if "Range" in self.headers:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            content, status = content[first:last + 1], 206
        self._send(status, content, headers, body)

    def _send(self, status, content, headers=(), body=True):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass
