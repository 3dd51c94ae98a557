"""`shoestring serve` under test: started on a free port, asked, stopped by its pid."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import signal
import subprocess
import time
import urllib.request

ANON_KEY = "sb_publishable_0123456789abcdef"
SECRET_KEY = "sb_secret_0123456789abcdefghij"
JWT_SECRET = "a secret of at least thirty-two bytes"


def base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def token(claims, secret=JWT_SECRET, header=None):
    """A JWT, signed with HS256 whatever the header says."""
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64url(signature)}"


def user(subject, role="authenticated", **claims):
    """The headers of a user who has signed in."""
    claims = {"sub": subject, "role": role, "exp": int(time.time()) + 3600, **claims}
    return {"apikey": ANON_KEY, "Authorization": f"Bearer {token(claims)}"}


ANON = {"apikey": ANON_KEY, "Authorization": f"Bearer {ANON_KEY}"}
SERVICE = {"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


class ApiServer:
    """A running server; `config` is the text of its shoestring.toml."""

    KEYS = {"SHOESTRING_SERVE_PUBLISHABLE_KEY": ANON_KEY,
            "SHOESTRING_SERVE_SECRET_KEY": SECRET_KEY,
            "SHOESTRING_SERVE_JWT_SECRET": JWT_SECRET}

    def __init__(self, binary, folder, lake, *flags, config="", settings=None):
        folder.mkdir(exist_ok=True)
        (folder / "shoestring.toml").write_text(config)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder),
                       **(self.KEYS if settings is None else settings)}
        self.log_path = folder / "access.log"
        self.error_path = folder / "errors.log"
        with open(self.log_path, "wb") as log, open(self.error_path, "wb") as errors:
            self.process = subprocess.Popen(
                [binary, "serve", "--lake", str(lake), "--listen", "127.0.0.1:0", *flags],
                stdout=log, stderr=errors, cwd=folder, env=environment)
        self.port = self._wait_for_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_for_port(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = re.search(r"on http://127\.0\.0\.1:(\d+)", self.errors())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"the server did not start: {self.errors()}")

    def errors(self):
        return self.error_path.read_text()

    def ask(self, path, headers=None, method="GET", body=None):
        """One request on a connection of its own; the path is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def metric(self, name):
        """The sum of its series."""
        text = urllib.request.urlopen(f"{self.url}/metrics", timeout=30).read().decode()
        values = re.findall(rf"^shoestring_{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
        assert values, f"no metric {name}"
        return sum(float(value) for value in values)

    def wait_for_metric(self, name, holds, seconds=30):
        deadline = time.monotonic() + seconds
        while not holds(value := self.metric(name)):
            assert time.monotonic() < deadline, f"{name} is {value}"
            time.sleep(0.02)

    def log(self):
        """The access log, which is written a moment after an answer."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def stop(self, by=signal.SIGTERM):
        """Ends it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
