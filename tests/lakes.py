"""A lake in a folder or in a bucket, as readers that know nothing of us see it: listings,
bytes, PyIceberg, and pyarrow over the plain layout."""

import json
import os
import pathlib
import re

import pyarrow.dataset
import pyarrow.fs
from pyiceberg.table import StaticTable

from s3_servers import REGION

RECORDS = ("run.json", "report.json", "lock")
# What a run says of the tables that it has finished.
NOTES = re.compile("runs/[^/]+/tables/[^/]+.json")


class Lake:
    """What folder and bucket have in common.

    flags: what names the lake on the command line; environment: for the command, None
    for our own; uri: what its files' addresses begin with; io: what PyIceberg needs.
    """

    def state(self):
        """lake.json, or None before the first commit: a dead run is fenced by it, too."""
        if "catalog/lake.json" not in self.keys("catalog/"):
            return None
        state = json.loads(self.read("catalog/lake.json"))
        return state if state["tables"] else None

    def content(self):
        """What a reader can see: every file of data/ and catalog/ with its content."""
        return {key: self.read(key) for top in ("data/", "catalog/")
                for key in self.keys(top)}

    def iceberg(self, table):
        metadata = self.state()["tables"][table]["metadata"]
        return StaticTable.from_metadata(f"{self.uri}/{metadata}", properties=self.io)

    def rows(self, table):
        """The table as a plain Hive reader has it: whatever is there, and no more."""
        filesystem, root = self.filesystem()
        return pyarrow.dataset.dataset(
            f"{root}/data/{table}", filesystem=filesystem, format="parquet",
            partitioning="hive").to_table()

    def referenced(self):
        """Every file that the current version of any table needs, found by PyIceberg."""
        keys = {"catalog/lake.json"}
        for table, entry in self.state()["tables"].items():
            static = self.iceberg(table)
            snapshot = static.current_snapshot()
            keys |= {entry["seal"], entry["metadata"], self.key(snapshot.manifest_list)}
            for manifest in snapshot.manifests(static.io):
                keys.add(self.key(manifest.manifest_path))
                keys |= {self.key(file.data_file.file_path)
                         for file in manifest.fetch_manifest_entry(static.io)}
        return keys

    def strays(self, may_wait=False):
        """Files that nothing refers to, and what runs have left behind; if it may, without
        what a run that did not end has finished and keeps for the next one."""
        present = set(self.keys("data/")) | set(self.keys("catalog/"))
        needed = {"catalog/lake.json"} & present
        if self.state():
            needed |= self.referenced()
        assert needed <= present, f"missing: {needed - present}"
        left = [key for key in self.keys("runs/") if key.rpartition("/")[2] not in RECORDS]
        waiting = self.waiting() if may_wait else set()
        found = sorted(present - needed) + left + self.loose_ends()
        return [name for name in found if name not in waiting]

    def noted(self):
        """What runs that did not end say of the tables that they finished."""
        return [table for key in self.keys("runs/") if NOTES.fullmatch(key)
                for table in json.loads(self.read(key))["tables"]]

    def waiting(self):
        """What runs that did not end keep: their notes, and what is staged."""
        names = {key for key in self.keys("runs/") if NOTES.fullmatch(key)}
        for table in self.noted():
            for staged in table["objects"]:
                names |= {staged["token"], f"upload of {staged['key']}"}
        return names

    def key(self, location):
        """A file of the lake that Iceberg names, as a path within it."""
        return location.removeprefix(f"{self.uri}/")


class FolderLake(Lake):
    io = {}
    environment = None

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.flags = ("--lake", str(path))

    @property
    def uri(self):
        return str(self.path.resolve())

    def key(self, location):
        return super().key(location.removeprefix("file://"))

    def keys(self, prefix=""):
        return sorted(str(path.relative_to(self.path))
                      for path in (self.path / prefix).rglob("*") if path.is_file())

    def read(self, key):
        return (self.path / key).read_bytes()

    def filesystem(self):
        return pyarrow.fs.LocalFileSystem(), str(self.path)

    def loose_ends(self):
        """Empty folders."""
        return [str(path) for path in (self.path / "data").rglob("*")
                if path.is_dir() and not any(path.iterdir())]


class BucketLake(Lake):
    """The lake at a Bucket; `endpoint` may be that of a proxy before the server."""

    def __init__(self, bucket, endpoint=None):
        self.bucket = bucket
        self.server = bucket.server
        self.uri = bucket.url
        self.flags = ("--lake", bucket.url, "--s3-endpoint",
                      endpoint or self.server.endpoint)
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("AWS_")}
        self.environment = clean | self.server.environment()
        self.io = {"s3.endpoint": self.server.endpoint, "s3.region": REGION,
                   "s3.access-key-id": self.server.access_key,
                   "s3.secret-access-key": self.server.secret_key}

    def through(self, proxy):
        """The same lake, its requests sent through a proxy."""
        return BucketLake(self.bucket, proxy.endpoint)

    def keys(self, prefix=""):
        return self.bucket.keys(prefix)

    def read(self, key):
        return self.bucket.read(key)

    def filesystem(self):
        return pyarrow.fs.S3FileSystem(
            access_key=self.server.access_key, secret_key=self.server.secret_key,
            endpoint_override=self.server.endpoint, region=REGION), \
            self.uri.removeprefix("s3://")

    def loose_ends(self):
        """Multipart uploads that nobody has ended."""
        return [f"upload of {key}" for key in self.bucket.uploads()]
