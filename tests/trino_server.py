"""Throwaway servers that stand for Athena: Trino, its engine, and moto, its Glue."""

import contextlib
import json
import sys
import time
import urllib.error
import urllib.request

import servers
from program import Program

DEPS = servers.ROOT / ".deps"
REGION = "us-east-1"

# What the JVM of Trino needs: its own memory, and what its documentation asks for.
JVM = ["-Xmx2G", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
       "-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8",
       "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]


class Moto(Program):
    """AWS' Glue (and Athena's API) without AWS: it checks no signatures."""

    name = "moto"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def glue(self, operation, **body):
        """Calls an operation of Glue's; returns its answer."""
        return self._call("glue", f"AWSGlue.{operation}", body)

    def athena(self, operation, **body):
        """Calls an operation of Athena's; returns its answer."""
        return self._call("athena", f"AmazonAthena.{operation}", body)

    def _call(self, service, target, body):
        request = urllib.request.Request(
            self.endpoint, json.dumps(body).encode(), {
                "X-Amz-Target": target,
                "Content-Type": "application/x-amz-json-1.1",
                "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/"
                                 f"{REGION}/{service}/aws4_request, SignedHeaders=host, "
                                 "Signature=0"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "{}")

    def declare(self, database, lake):
        """Declares all tables of a lake's current version (of lakes.py) as Iceberg tables."""
        with contextlib.suppress(urllib.error.HTTPError):  # it is there
            self.glue("CreateDatabase", DatabaseInput={"Name": database})
        root = lake.uri if "://" in lake.uri else f"file://{lake.uri}"
        for table, entry in lake.state()["tables"].items():
            self.glue("CreateTable", DatabaseName=database, TableInput={
                "Name": table, "TableType": "EXTERNAL_TABLE",
                "Parameters": {"table_type": "ICEBERG",
                               "metadata_location": f"{root}/{entry['metadata']}"},
                "StorageDescriptor": {"Columns": [], "Location": f"{root}/catalog/{table}"}})

    def _command(self):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def _answers(self):
        return self.glue("GetDatabases") is not None


class Trino(Program):
    """One Trino, coordinator and worker at once, over the tables that a Moto declares.

    Its catalog `lake` reads Iceberg tables, `hive` all others; `files` is like `hive`, with a
    metastore of its own, for tables that Trino creates: moto keeps no statistics. All read
    file:// and local:// from this machine, and s3:// from a server of s3_servers.py, if there
    is one.
    settings: of config.properties, over the defaults. files: {name: text} beside it;
    "{folder}" in values of settings is where they are.
    """

    name = "trino"
    patience_s = 300
    user = "tester"

    def __init__(self, moto, s3=None, settings=None, files=None):
        self._moto = moto
        self._s3 = s3
        self._settings = settings or {}
        self._files = files or {}

    @property
    def server(self):
        return f"http://127.0.0.1:{self.port}"

    def environment(self, schema, catalog="lake"):
        """The variables by which shoestring finds it."""
        return {"SHOESTRING_TRINO_SERVER": self.server, "SHOESTRING_TRINO_USER": self.user,
                "SHOESTRING_TRINO_CATALOG": catalog, "SHOESTRING_TRINO_SCHEMA": schema}

    def query(self, sql, schema="default", catalog="lake"):
        """The rows of a statement, by the protocol and nothing of ours. A server that has
        just begun, or a machine that is busy, is without nodes for a while."""
        until = time.monotonic() + 60
        while True:
            rows, error = self._ask(sql, schema, catalog)
            if not error:
                return rows
            if error["errorName"] != "NO_NODES_AVAILABLE" or time.monotonic() > until:
                raise servers.ServerError(error["message"])
            time.sleep(1)

    def _ask(self, sql, schema, catalog):
        rows = []
        answer = self._send(f"{self.server}/v1/statement", sql.encode(), {
            "X-Trino-User": self.user, "X-Trino-Catalog": catalog, "X-Trino-Schema": schema})
        while True:
            if "error" in answer:
                return rows, answer["error"]
            rows += answer.get("data", [])
            if "nextUri" not in answer:
                return rows, None
            answer = self._send(answer["nextUri"])

    def queries(self):
        """What the server knows of each query it was asked."""
        return self._send(f"{self.server}/v1/query", headers={"X-Trino-User": self.user})

    def _send(self, url, data=None, headers=None):
        request = urllib.request.Request(url, data, headers or {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def _command(self):
        for folder in ("core", "hive", "iceberg"):
            if not (DEPS / "trino" / folder).exists():
                raise servers.ServerError("Trino is not installed: run scripts/bootstrap --test")
        plugins = self.folder / "plugin"
        catalogs = self.folder / "catalog"
        for folder in (plugins, catalogs, self.folder / "data"):
            folder.mkdir(exist_ok=True)
        for plugin in [DEPS / "trino/hive", DEPS / "trino/iceberg",
                       *(DEPS / "trino/core/plugin").iterdir()]:
            link = plugins / plugin.name
            if not link.exists():
                link.symlink_to(plugin)
        self._write("catalog/lake.properties", {
            "connector.name": "iceberg", "iceberg.catalog.type": "glue",
            "iceberg.register-table-procedure.enabled": "true", **self._catalog()})
        hive = {"connector.name": "hive", "hive.partition-projection-enabled": "true",
                "hive.ignore-absent-partitions": "true",
                "hive.table-statistics-enabled": "false", "hive.parquet.time-zone": "UTC",
                "hive.timestamp-precision": "MICROSECONDS"}
        self._write("catalog/hive.properties",
                    {**hive, "hive.metastore": "glue", **self._catalog()})
        self._write("catalog/files.properties", {
            **hive, "hive.metastore": "file",
            "hive.metastore.catalog.dir": f"local://{self.folder}/metastore",
            **self._storage()})
        self._write("config.properties", {
            "coordinator": "true", "node-scheduler.include-coordinator": "true",
            "http-server.http.port": self.port, "discovery.uri": self.server,
            "query.max-memory": "1GB", "query.max-memory-per-node": "1GB",
            "memory.heap-headroom-per-node": "256MB", "plugin.dir": plugins,
            # On a busy machine the only worker would be taken for dead.
            "failure-detector.enabled": "false",
            **{name: str(value).format(folder=self.folder)
               for name, value in self._settings.items()}})
        for name, text in self._files.items():
            (self.folder / name).write_text(text)
        options = {"config": self.folder / "config.properties",
                   "catalog.config-dir": catalogs, "node.environment": "test",
                   "node.id": "one", "node.data-dir": self.folder / "data",
                   "node.internal-address": "127.0.0.1", "node.bind-ip": "127.0.0.1"}
        return [DEPS / "java/bin/java", *JVM, *(f"-D{k}={v}" for k, v in options.items()),
                "-cp", f"{DEPS}/trino/core/lib/*", "io.trino.server.TrinoServer"]

    def _catalog(self):
        glue = {"region": REGION, "endpoint-url": self._moto.endpoint,
                "aws-access-key": "test", "aws-secret-key": "test",
                "default-warehouse-dir": "local:///tmp"}
        return {**{f"hive.metastore.glue.{k}": v for k, v in glue.items()}, **self._storage()}

    def _storage(self):
        storage = {"fs.native-local.enabled": "true", "local.location": "/"}
        if self._s3:
            storage |= {"fs.native-s3.enabled": "true", "s3.endpoint": self._s3.endpoint,
                        "s3.region": REGION, "s3.path-style-access": "true",
                        "s3.aws-access-key": self._s3.access_key,
                        "s3.aws-secret-key": self._s3.secret_key}
        return storage

    def _write(self, name, properties):
        (self.folder / name).write_text(
            "".join(f"{key}={value}\n" for key, value in properties.items()))

    def _answers(self):
        """A server that says it has started may still have no worker: ask for a row."""
        try:
            return self.query("SELECT 1") == [[1]]
        except (servers.ServerError, KeyError):
            return False
