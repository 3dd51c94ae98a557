"""Throwaway Postgres servers for tests, the demo and the benchmarks.

Everything a server writes lies in a temporary folder; it listens on a free port of
127.0.0.1 alone, and it ends with the process that started it, however that ends.
"""

import argparse
import ctypes
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEBIAN_15 = pathlib.Path("/usr/lib/postgresql/15/bin")
VERSIONS = (15, 17, 18)

# Durability is not what a throwaway server is for.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
}


class ServerError(Exception):
    """A server that could not be had, or a statement that it refused."""


class Postgres:
    """One server of a major version, as a context manager.

    auth: "trust", or "scram-sha-256", which gives the superuser a password (in url()).
    settings: postgresql.conf settings, over SETTINGS.
    user: the superuser's name.
    saved: a folder that save() wrote, to start from in place of an empty server.
    standby_of: another server, of which this one becomes a streaming standby.
    files: {name: text} of what is put into its data folder, such as pg_hba.conf.
    """

    def __init__(self, version=15, *, auth="trust", settings=None, user="postgres",
                 saved=None, standby_of=None, files=None):
        self.version = version
        self.user = user
        self.password = secrets.token_hex(8) if auth != "trust" else None
        self.port = None
        self._auth = auth
        self._settings = {**SETTINGS, **(settings or {})}
        self._saved = saved
        self._standby_of = standby_of
        self._files = files or {}
        self._process = None
        self._folder = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        try:
            self._create()
            for attempt in range(3):  # another process may take the port first
                if self._launch(last=attempt == 2):
                    return
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Ends the server and drops its data. Safe to call twice."""
        self._end()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def save(self, folder):
        """Ends the server and keeps its data in folder, for Postgres(saved=folder)."""
        self._end()
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = pathlib.Path(tempfile.mkdtemp(prefix=".saving-", dir=folder.parent))
        _copy(self._folder / "data", unfinished / "data")
        try:
            (unfinished / "data").rename(folder)
        except OSError:  # another process saved the same
            pass
        shutil.rmtree(unfinished, ignore_errors=True)

    def _end(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(30)
        self._process = None

    def kill(self):
        """Ends the server at once, as a crash would; restart() brings it back."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def shut_down(self):
        """Takes no new sessions, and ends with the last of those that are there."""
        self._process.send_signal(signal.SIGTERM)

    def write(self, name, text):
        """Puts a file into the data folder, for the server alone to read."""
        path = self._folder / "data" / name
        path.write_text(text)
        path.chmod(0o600)
        self._own(path)

    def restart(self):
        """Starts the server again on the same port and data after kill()."""
        self._launch(last=True, port=self.port)

    def url(self, dbname="postgres", *, user=None, password=None, **parameters):
        """A postgres:// URL; parameters go into its query."""
        user = urllib.parse.quote(user or self.user, safe="")
        password = password or self.password
        secret = f":{urllib.parse.quote(password, safe='')}" if password else ""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        name = urllib.parse.quote(dbname, safe="")
        return f"postgres://{user}{secret}@127.0.0.1:{self.port}/{name}{query}"

    def psql(self, sql, dbname="postgres", **options):
        """Runs statements in psql; returns what they print (see psql())."""
        return psql(self.url(dbname), sql, **options)

    def create_database(self, name, template="template0"):
        self.psql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return Database(self, name)

    def drop_database(self, name):
        self.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def log(self):
        """What the server has logged so far."""
        return (self._folder / "log").read_text(errors="replace")

    def _create(self):
        self._create_data()
        for name, text in self._files.items():
            self.write(name, text)

    def _create_data(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="shoestring-postgres-"))
        self._owner = _server_user()
        self._own(self._folder)
        self._bin = self._reachable(find_binaries(self.version))
        if self._saved:
            _copy(self._saved, self._folder / "data")
            return
        if self._standby_of:
            self._as_owner_run(
                DEBIAN_15 / "pg_basebackup", "--pgdata", self._folder / "data",
                "--dbname", self._standby_of.url(), "--write-recovery-conf",
                "--checkpoint=fast", "--no-sync")
            return
        arguments = ["--auth", self._auth]
        if self.password:
            secret = self._folder / "password"
            secret.write_text(self.password)
            self._own(secret)
            arguments += ["--pwfile", secret]
        self._as_owner_run(
            self._bin / "initdb", "--pgdata", self._folder / "data", "--no-sync",
            "--locale=C.UTF-8", "--encoding=UTF8", "--username", self.user,
            "--no-instructions", *arguments)

    def _launch(self, last, port=None):
        """Starts postgres and waits for an answer; False if the port was taken."""
        self.port = port or free_port()
        settings = {**self._settings, "port": self.port,
                    "unix_socket_directories": self._folder}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._folder / "data",
                 *(f"--{name}={value}" for name, value in settings.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=end_with_parent, **self._as_owner())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                if "Address already in use" in self.log() and not last:
                    return False
                raise ServerError(f"Postgres {self.version} did not start:\n{self.log()}")
            try:
                self.psql("SELECT 1")
                return True
            except ServerError:
                time.sleep(0.05)
        raise ServerError(f"Postgres {self.version} gave no answer in 60 s:\n{self.log()}")

    def _as_owner_run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, **self._as_owner())
        if done.returncode:
            raise ServerError(f"Postgres {self.version}: {command[0]}: {done.stderr}")

    def _as_owner(self):
        """Arguments of subprocess: Postgres refuses to run as root."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment.pop("LC_ALL", None)
        options = {"cwd": self._folder, "env": environment}
        if self._owner:
            options |= {"user": self._owner.pw_uid, "group": self._owner.pw_gid,
                        "extra_groups": []}
        return options

    def _own(self, path):
        if self._owner:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _reachable(self, binaries):
        """The folder, or a copy of it where the server's user can reach it."""
        try:
            subprocess.run([binaries / "postgres", "--version"], check=True,
                           capture_output=True, **self._as_owner())
            return binaries
        except (OSError, subprocess.CalledProcessError):
            copy = self._folder / "postgres"
            _copy(binaries.parent, copy)
            return copy / binaries.name


class Pgbouncer:
    """pgbouncer before a server, as a context manager; settings as in its [pgbouncer]."""

    def __init__(self, server, **settings):
        self._server = server
        self._settings = settings

    def __enter__(self):
        self.port = free_port()
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="shoestring-pgbouncer-"))
        owner = _server_user()
        if owner:
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        settings = {"listen_addr": "127.0.0.1", "listen_port": self.port,
                    "unix_socket_dir": "", "auth_type": "any", **self._settings}
        file = self._folder / "pgbouncer.ini"
        file.write_text("\n".join([
            "[databases]", f"* = host=127.0.0.1 port={self._server.port} "
            f"user={self._server.user}", "[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()), ""]))
        file.chmod(0o644)
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", file],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=end_with_parent, cwd=self._folder,
            **({"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
               if owner else {}))
        log.close()
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise ServerError("pgbouncer did not start:\n"
                                      + (self._folder / "log").read_text()) from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, dbname):
        return f"postgres://{self._server.user}@127.0.0.1:{self.port}/{dbname}"


class Database:
    """A database of a server."""

    def __init__(self, server, name):
        self.server = server
        self.name = name

    @property
    def url(self):
        return self.server.url(self.name)

    def psql(self, sql, **options):
        return self.server.psql(sql, self.name, **options)


def psql(url, sql, *, options=("-A", "-t"), timeout=600):
    """Runs statements in Debian's psql: rows on lines, columns split by `|`.

    Stops at the first error, which is raised with psql's words.
    """
    program = DEBIAN_15 / "psql"
    done = subprocess.run(
        [str(program) if program.exists() else "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
         *options, "-d", url, "-f", "-"],
        input=sql, capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8"})
    if done.returncode:
        raise ServerError(done.stderr.strip())
    return done.stdout[:-1] if done.stdout.endswith("\n") else done.stdout


def find_binaries(version):
    """The folder with initdb and postgres of a major version."""
    folder = DEBIAN_15 if version == 15 else ROOT / f".deps/postgres-{version}/native/bin"
    if not (folder / "initdb").exists():
        raise ServerError(f"Postgres {version} is not installed: run scripts/bootstrap --test")
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _copy(source, target):
    """A folder with its owners, modes and links."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def _server_user():
    """Whom a server runs as when we are root; else None, ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("Neither a user postgres nor nobody is there to run a server as")


_libc = ctypes.CDLL(None)


def end_with_parent(by=signal.SIGQUIT):
    _libc.prctl(1, by)  # PR_SET_PDEATHSIG


def main():
    """The command behind scripts/postgres."""
    parser = argparse.ArgumentParser(
        prog="scripts/postgres",
        description="Starts a throwaway Postgres, runs COMMAND with its address in "
        "DATABASE_URL and stops it; without COMMAND, prints the address and runs until "
        "Ctrl-C.")
    parser.add_argument("version", nargs="?", type=int, default=15, choices=VERSIONS)
    parser.add_argument("-c", metavar="NAME=VALUE", action="append", default=[],
                        dest="settings", help="a setting of the server")
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        split = arguments.index("--")
        arguments, command = arguments[:split], arguments[split + 1:]
    options = parser.parse_args(arguments)
    settings = dict(setting.split("=", 1) for setting in options.settings)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Postgres(options.version, settings=settings) as server:
        if command:
            return subprocess.run(
                command, env={**os.environ, "DATABASE_URL": server.url()}).returncode
        print(server.url(), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ServerError, OSError) as error:
        sys.exit(f"scripts/postgres: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
