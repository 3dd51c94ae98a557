"""Lambda's Runtime API as it is documented, played for a function under test, and the events
that a gateway makes of requests."""

import base64
import http.server
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import uuid

PREFIX = "/2018-06-01/runtime/"
LIMIT = 6 << 20  # of an answer that is not streamed
PATIENCE_S = 120


class RuntimeApi:
    """The Runtime API on a port of its own, as a context manager.

    refuse: {"response" | "error": status}: what is said to the next answer in place of 202.
    cut_after: the connection of the next streamed answer breaks after so many bytes.
    requests: when the function asked for its first event (`next_at`), and how it failed to
        start (`init_error`: its body).
    """

    def __init__(self):
        self.refuse, self.cut_after = {}, None
        self.next_at = self.init_error = None
        self.asked = threading.Event()  # for its first event, or failed to start
        self._events = queue.Queue()
        self._answers = queue.Queue()
        self._open = set()  # ids that wait for an answer

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event, seconds=30, trace="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"):
        """Gives the function an event, and its answer back."""
        self.send(event, seconds, trace)
        return self.receive()

    def send(self, event, seconds=30, trace=None):
        text = event if isinstance(event, str) else json.dumps(event)
        self._events.put((str(uuid.uuid4()), text, time.time() + seconds, trace))

    def receive(self, seconds=PATIENCE_S):
        return self._answers.get(timeout=seconds)


class Invoked:
    """How the function answered one event.

    streamed: with the prelude's head, and `trailers` when it broke off.
    error: what it posted to /error.
    """

    def __init__(self, identity, headers, body, trailers, failed):
        self.id, self.sent, self.raw, self.trailers = identity, headers, body, trailers
        self.streamed = headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming"
        self.error = json.loads(body) if failed else None
        if failed or trailers is None:
            return
        if self.streamed:
            prelude, self.body = body.split(b"\0" * 8, 1)
            self.head = json.loads(prelude)
        else:
            self.head = json.loads(body)
            text = self.head["body"]
            self.body = (base64.b64decode(text) if self.head["isBase64Encoded"]
                         else text.encode())
        self.status = self.head["statusCode"]
        several = {name: ", ".join(values)
                   for name, values in self.head.get("multiValueHeaders", {}).items()}
        self.headers = self.head.get("headers", {}) | several

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        assert self.path == PREFIX + "invocation/next", self.path
        self.api.next_at = self.api.next_at or time.monotonic()
        self.api.asked.set()
        event = self.api._events.get()
        if event is None:
            self.close_connection = True
            return
        identity, text, deadline, trace = event
        self.api._open.add(identity)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", identity)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:1:function:f")
        if trace:
            self.send_header("Lambda-Runtime-Trace-Id", trace)
        self._finish(text.encode())

    def do_POST(self):
        body, trailers = self._read()
        if self.path == PREFIX + "init/error":
            self.api.init_error = json.loads(body)
            self.api.asked.set()
            return self._answer(202)
        match = re.fullmatch(PREFIX + "invocation/([^/]+)/(response|error)", self.path)
        identity, kind = match.groups()
        refused = self.api.refuse.pop(kind, None)
        if identity not in self.api._open:
            refused = 403
        elif kind == "response" and not self._streams() and len(body) > LIMIT:
            refused = 413
        self.api._open.discard(identity)
        self.api._answers.put(Invoked(identity, self.headers, body, trailers,
                                      kind == "error"))
        if trailers is None:
            self.close_connection = True
            self.connection.close()
        else:
            self._answer(refused or 202)

    def _streams(self):
        return "Lambda-Runtime-Function-Response-Mode" in self.headers

    def _read(self):
        """The body and its trailers, which are None when the connection was cut."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            assert not self._streams()
            return self.rfile.read(int(self.headers["Content-Length"])), {}
        body = b""
        cut_after, self.api.cut_after = self.api.cut_after, None
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            assert self.rfile.readline() == b"\r\n"
            if cut_after is not None and len(body) > cut_after:
                return body, None
        trailers = {}
        while (line := self.rfile.readline().strip()):
            name, value = line.decode().split(": ", 1)
            trailers[name] = value
        return body, trailers

    def _answer(self, status):
        self.send_response(status)
        self._finish(json.dumps({"status": "OK"} if status == 202 else {
            "errorType": "InvalidStateTransition", "errorMessage": "refused"}).encode())

    def _finish(self, content):
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Function:
    """The binary as Lambda starts it: no arguments, the environment of its settings."""

    def __init__(self, command, folder, environment):
        self.api = RuntimeApi().__enter__()
        folder.mkdir(exist_ok=True)
        self.log_path, self.error_path = folder / "out.log", folder / "errors.log"
        own = {"AWS_LAMBDA_RUNTIME_API": self.api.address, "AWS_REGION": "us-east-1",
               "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "LANG": "C.UTF-8",
               "TZ": ":UTC", **environment}
        self.started_at = time.monotonic()
        with open(self.log_path, "wb") as log, open(self.error_path, "wb") as errors:
            self.process = subprocess.Popen([str(part) for part in command], stdout=log,
                                            stderr=errors, cwd=folder, env=own)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def invoke(self, *arguments, **options):
        assert self.process.poll() is None, self.errors()
        return self.api.invoke(*arguments, **options)

    def ask(self, path, headers=None, method="GET", body=None, form=None, **options):
        """As a server of tests/api_server.py is asked."""
        return self.invoke((form or event_2)(method, path, headers, body), **options)

    def wait_until_asked(self):
        """For the first event; the seconds since the start."""
        assert self.api.asked.wait(PATIENCE_S), self.errors()
        assert self.api.init_error is None, self.api.init_error
        return self.api.next_at - self.started_at

    def errors(self):
        return self.error_path.read_text()

    def log(self, lines):
        """The access log, whose last line is written a moment after the answer."""
        deadline = time.monotonic() + 30
        while self.log_path.read_text().count("\n") < lines:
            assert time.monotonic() < deadline, self.log_path.read_text()
            time.sleep(0.01)
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def resident_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def stop(self):
        """Ends it as Lambda does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.api.__exit__()


def lambda_environment(**settings):
    """What every function under test has: the host's variables are not Lambda's."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **settings}


# --- events, as the gateways make them of requests


def _parts(path, headers, body, encode):
    path, _, query = path.partition("?")
    if body is not None and encode:
        body = base64.b64encode(body).decode()
    elif body is not None:
        body = body.decode()
    return path, query, dict(headers or {}), body


def event_2(method, path, headers=None, body=None, encode=True):
    """Payload format 2.0, of an HTTP API."""
    path, query, headers, body = _parts(path, headers, body, encode)
    parameters = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "cookies": ["a=1", "b=2"],
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "123456789012", "apiId": "api-id", "stage": "$default",
            "domainName": "id.execute-api.us-east-1.amazonaws.com", "requestId": "id=",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1",
                     "sourceIp": "192.0.2.1", "userAgent": "agent"},
            "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1583348638390},
        "isBase64Encoded": body is not None and encode}
    if query:
        event["queryStringParameters"] = parameters
    if body is not None:
        event["body"] = body
    return event


def event_1(method, path, headers=None, body=None, encode=False):
    """Payload format 1.0, of a REST API, which decodes the query."""
    path, query, headers, body = _parts(path, headers, body, encode)
    several = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        several.setdefault(name, []).append(value)
    return {
        "version": "1.0", "resource": "/{proxy+}", "path": path, "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "requestContext": {"accountId": "123456789012", "stage": "prod", "path": f"/prod{path}",
                           "httpMethod": method, "requestId": "id=", "protocol": "HTTP/1.1",
                           "identity": {"sourceIp": "192.0.2.1", "userAgent": "agent"}},
        "pathParameters": None, "stageVariables": None, "body": body,
        "isBase64Encoded": body is not None and encode}


def event_balancer(method, path, headers=None, body=None):
    """Of an application load balancer, which leaves the query as it was sent."""
    path, query, headers, body = _parts(path, headers, body, encode=False)
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": method, "path": path,
        "queryStringParameters": {name: value for name, _, value in pairs},
        "headers": {name.lower(): value for name, value in headers.items()},
        "body": body or "", "isBase64Encoded": False}
