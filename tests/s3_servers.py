"""Throwaway S3 servers for tests and benchmarks: SeaweedFS and VersityGW, two that share no
code, and toxiproxy for connections that misbehave."""

import contextlib
import dataclasses
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

from program import Program
from servers import ROOT, ServerError, end_with_parent, free_port

REGION = "us-east-1"


class S3Server(Program):
    """What the two have in common.

    tls: serves https, with a certificate that `ca` (a PEM file) has signed.
    """

    def __init__(self, *, tls=False):
        self.access_key = "AKIA" + secrets.token_hex(8).upper()
        self.secret_key = secrets.token_hex(20)
        self.ca = None
        self._tls = tls
        self._buckets = 0

    @property
    def endpoint(self):
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def environment(self):
        """The variables that name the server's only user, for a client's environment."""
        variables = {"AWS_ACCESS_KEY_ID": self.access_key,
                     "AWS_SECRET_ACCESS_KEY": self.secret_key, "AWS_REGION": REGION,
                     "AWS_EC2_METADATA_DISABLED": "true"}
        return variables | ({"AWS_CA_BUNDLE": str(self.ca)} if self.ca else {})

    def client(self, endpoint=None):
        """boto3's client for the server, or for an endpoint before it."""
        return boto3.client(
            "s3", endpoint_url=endpoint or self.endpoint, region_name=REGION,
            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key,
            verify=str(self.ca) if self.ca else None,
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=60,
                retries={"total_max_attempts": 3}))

    def make_bucket(self):
        """A new, empty bucket."""
        self._buckets += 1
        name = f"lake-{self._buckets}-{secrets.token_hex(4)}"
        self.client().create_bucket(Bucket=name)
        return Bucket(self, name)

    def _prepare(self):
        (self.folder / "data").mkdir()
        if self._tls:
            self.ca = make_certificate(self.folder)

    def _answers(self):
        try:
            self.client().list_buckets()
            return True
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return False


class SeaweedFS(S3Server):
    """SeaweedFS: master, volumes, filer and S3 gateway in one process.

    limited: (access key, secret key, actions) of a second user, in the words of its
    configuration: ["Read:bucket/prefix", ...].
    """

    name = "seaweedfs"

    def __init__(self, *, tls=False, limited=None):
        super().__init__(tls=tls)
        self._limited = limited

    def _identities(self):
        yield self.access_key, self.secret_key, ["Admin", "Read", "Write", "List", "Tagging"]
        if self._limited:
            yield self._limited

    def _command(self):
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [
            {"name": access, "actions": actions,
             "credentials": [{"accessKey": access, "secretKey": secret}]}
            for access, secret, actions in self._identities()]}))
        ports = [f"-{part}.port{kind}={free_port()}" for part in ("master", "volume", "filer")
                 for kind in ("", ".grpc")]
        tls = [f"-s3.cert.file={self.folder / 'server.pem'}",
               f"-s3.key.file={self.folder / 'server.key'}"] if self._tls else []
        return [_program(ROOT / ".deps/python/bin/weed"), "server", f"-dir={self.folder / 'data'}",
                "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports, "-s3",
                f"-s3.port={self.port}", f"-s3.port.grpc={free_port()}",
                f"-s3.config={config}", "-s3.port.iceberg=0",
                "-s3.port.lance=0", "-s3.autoCreateBucket=false", *tls,
                # Each bucket takes seven volumes, which are as large as what is in them.
                "-volume.max=5000", "-master.volumeSizeLimitMB=1024",
                "-master.telemetry=false"]


class VersityGW(S3Server):
    """VersityGW over a folder."""

    name = "versitygw"

    def _command(self):
        tls = ["--cert", self.folder / "server.pem",
               "--key", self.folder / "server.key"] if self._tls else []
        return [_program(ROOT / ".deps/bin/versitygw"), "--port", f"127.0.0.1:{self.port}",
                "--access", self.access_key, "--secret", self.secret_key,
                "--region", REGION, *tls, "posix", self.folder / "data"]


@dataclasses.dataclass(frozen=True)
class Bucket:
    """A bucket of a server; `prefix` is where in it a lake lies, or empty."""

    server: S3Server
    name: str
    prefix: str = ""

    def at(self, prefix):
        return dataclasses.replace(self, prefix=prefix)

    @property
    def url(self):
        return f"s3://{self.name}" + (f"/{self.prefix}" if self.prefix else "")

    def keys(self, prefix=""):
        """The keys below a prefix, without the lake's own, in order."""
        start = self._start()
        pages = self.server.client().get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=start + prefix)
        return [entry["Key"].removeprefix(start) for page in pages
                for entry in page.get("Contents", [])]

    def read(self, key):
        return self.server.client().get_object(
            Bucket=self.name, Key=self._start() + key)["Body"].read()

    def write(self, key, data):
        self.server.client().put_object(Bucket=self.name, Key=self._start() + key,
                                        Body=data)

    def uploads(self):
        """The keys of multipart uploads that are open, anywhere in the bucket."""
        answer = self.server.client().list_multipart_uploads(Bucket=self.name)
        return [upload["Key"] for upload in answer.get("Uploads", [])]

    def remove(self):
        """Drops the bucket with all that is in it."""
        client = self.server.client()
        for key in dataclasses.replace(self, prefix="").keys():
            client.delete_object(Bucket=self.name, Key=key)
        client.delete_bucket(Bucket=self.name)

    def _start(self):
        return f"{self.prefix}/" if self.prefix else ""


class Toxiproxy:
    """toxiproxy before one TCP server, as a context manager; `port` is where to connect.

    toxic() makes the connections misbehave, as toxiproxy's documentation has it.
    """

    def __init__(self, upstream_port):
        self._upstream = f"127.0.0.1:{upstream_port}"
        self._process = None

    def __enter__(self):
        self.port, self._control = free_port(), free_port()
        self._process = subprocess.Popen(
            [_program(ROOT / ".deps/bin/toxiproxy"), "-host", "127.0.0.1",
             "-port", str(self._control)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self._call("POST", "/proxies", name="it", upstream=self._upstream,
                           listen=f"127.0.0.1:{self.port}", enabled=True)
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise ServerError("toxiproxy did not start") from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    @contextlib.contextmanager
    def toxic(self, kind, *, stream="downstream", toxicity=1.0, **attributes):
        """A toxic for as long as the block runs."""
        self._call("POST", "/proxies/it/toxics", name="t", type=kind, stream=stream,
                   toxicity=toxicity, attributes=attributes)
        try:
            yield
        finally:
            self._call("DELETE", "/proxies/it/toxics/t")

    def enable(self, enabled):
        """Takes connections, or drops those that are there and refuses new ones."""
        self._call("POST", "/proxies/it", enabled=enabled)

    def _call(self, method, path, **body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._control}{path}", method=method,
            data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            raise ServerError(f"toxiproxy: {error.read().decode()}") from None


def make_certificate(folder):
    """A certificate authority and what it has signed for 127.0.0.1; returns the CA's PEM."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], cwd=folder,
                              capture_output=True, text=True)
        if done.returncode:
            raise ServerError(f"openssl {arguments[0]}: {done.stderr}")

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=Authority of a test")
    openssl(*new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    return folder / "ca.pem"


def _program(path):
    if not path.exists():
        raise ServerError(f"{path} is not there: run scripts/bootstrap --test")
    return path
