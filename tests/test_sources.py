"""Sources that resist: each is migrated right, or refused in one message that says where and
what to do, within 15 s, with nothing changed in the lake and no password shown."""

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import servers
from test_exact import assert_same, by_pyarrow, in_postgres
from test_migrate import (SLOW, copying, lake, locked, migrate, start,  # noqa: F401
                          state, strays, wait_for, waiting)

SECRET = "s3cr3t-Passw0rd"
SOURCE = """
CREATE TABLE t (id int PRIMARY KEY, word text);
INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
CREATE TABLE big AS SELECT i, md5(i::text) || md5((-i)::text) AS words
                    FROM generate_series(1, 200000) i;
"""


@pytest.fixture(scope="module")
def source(pg15):
    """Not to be written to."""
    database = pg15.create_database("sources")
    database.psql(SOURCE + SLOW)
    yield database
    pg15.drop_database("sources")


@pytest.fixture
def refused(migrate, lake):
    """refused(url, flags…, code=, words=[…]): one message with the words, and no trace."""

    def run(url, *flags, code, words, **options):
        before = state(lake) if lake.exists() else None
        begun = time.monotonic()
        done = migrate(url, *flags, code=code, **options)
        assert time.monotonic() - begun < 60
        check_message(done.stderr, words)
        assert done.stdout == ""
        assert (state(lake) if lake.exists() else None) == before
        return done.stderr

    return run


def check_message(errors, words):
    lines = [line for line in errors.splitlines() if " rows read, " not in line
             and "on the command line" not in line]
    assert len(lines) == 1 and lines[0].startswith("shoestring: "), errors
    for word in words:
        assert word in lines[0], lines[0]
    assert SECRET not in errors


@pytest.fixture
def role(pg15, request):
    """role(attributes): a new role that may log in; its URL comes from as_role()."""
    names = []

    def make(attributes=""):
        names.append(f"role_{abs(hash(request.node.nodeid)) % 10**8}_{len(names)}")
        pg15.psql(f"CREATE ROLE {names[-1]} LOGIN {attributes}")
        return names[-1]

    yield make
    for name in names:
        for database in pg15.psql("SELECT datname FROM pg_database WHERE datallowconn "
                                  "AND datname <> 'template1'").split():
            pg15.psql(f"DROP OWNED BY {name} CASCADE", database)
        pg15.psql(f"DROP ROLE {name}")


def as_role(database, name, **parameters):
    return database.server.url(database.name, user=name, **parameters)


# --- poolers

@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler(source, migrate, lake, tmp_path, shoestring, mode):
    """In its default configuration, it takes no startup parameters that it does not know."""
    with servers.Pgbouncer(source.server, pool_mode=mode) as pooler:
        url = pooler.url(source.name)
        before = servers.psql(url, "SELECT name, setting FROM pg_settings ORDER BY name")
        done = migrate(url, "--jobs", "4", "--table", "t", "--table", "big")
        assert "fewer connections" not in done.stderr
        for table in ("t", "big"):
            assert_same(by_pyarrow(lake, table), in_postgres(source, table, tmp_path))
        shoestring("inspect", "--source", url)
        for _ in range(5):  # what others get from the pool is as it was
            assert servers.psql(
                url, "SELECT name, setting FROM pg_settings ORDER BY name") == before


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_with_a_single_connection(source, migrate, lake, mode):
    with servers.Pgbouncer(source.server, pool_mode=mode, default_pool_size=1) as pooler:
        migrate(pooler.url(source.name), "--jobs", "4", "--exclude", "slow", timeout=15)
    assert by_pyarrow(lake, "big").num_rows == 200000


def test_a_pooler_in_statement_mode(source, refused):
    with servers.Pgbouncer(source.server, pool_mode="statement") as pooler:
        refused(pooler.url(source.name), code=8,
                words=["statement", "session or transaction mode"])


def test_a_pooler_that_refuses_what_the_url_says(source, refused):
    with servers.Pgbouncer(source.server) as pooler:
        refused(pooler.url(source.name) + "?options=-cgeqo%3Doff", code=2,
                words=["unsupported startup parameter", "out of the URL"])


def test_a_pooler_without_a_free_connection(source, refused):
    with servers.Pgbouncer(source.server, pool_mode="session",
                           default_pool_size=1) as pooler:
        with holding(pooler.url(source.name)):
            refused(pooler.url(source.name) + "?connect_timeout=2", code=6,
                    words=["pooler", "no answer for 2 s", "end other sessions"])


def test_a_pooler_that_ends_long_queries(source, migrate, refused):
    migrate(source, "--table", "t")
    with servers.Pgbouncer(source.server, pool_mode="transaction",
                           query_timeout=1) as pooler:
        refused(pooler.url(source.name), "--table", "slow", code=6,
                words=["Table slow", "time limit", "direct host"])


def test_parameters_of_other_clients_in_the_url(source, refused):
    refused(source.url + "?pgbouncer=true", code=2, words=["pgbouncer", "taken out"])


@contextlib.contextmanager
def holding(url, count=1):
    """Keeps sessions open."""
    sessions = [subprocess.Popen(["psql", "-X", "-q", "-d", url], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for session in sessions:
            session.stdin.write(b"SELECT 1;\n")
            session.stdin.flush()
            session.stdout.readline()
        yield
    finally:
        for session in sessions:
            session.communicate()


# --- limits of time

@pytest.mark.parametrize("server", ["pg15", "pg17"])
def test_time_limits_of_a_role_do_not_hold_for_the_run(request, server, make_database,
                                                       migrate, lake):
    server = request.getfixturevalue(server)
    database = make_database(server)
    database.psql("CREATE VIEW slow AS SELECT i, pg_sleep(0.025)::text AS nap "
                  "FROM generate_series(1, 80) i")
    limits = ["statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout",
              "idle_session_timeout"]
    limits += ["transaction_timeout"] if server.version >= 17 else []
    settings = [*(f"{limit} = '1s'" for limit in limits),
                "default_transaction_read_only = on", "search_path = elsewhere"]
    database.psql("".join(f"ALTER DATABASE {database.name} SET {setting};"
                          for setting in settings))
    migrate(database, "--table", "slow")
    assert by_pyarrow(lake, "slow").num_rows == 80


def test_a_table_that_another_session_has_locked(pg15, make_database, refused):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int)")
    with locked(database, "t"):
        refused(database, code=6, words=['Table "public"."t"', "ALTER TABLE", "run it again"])


def test_a_query_that_is_cancelled_at_the_server(source, start, lake):
    process = start(source, "--table", "slow")
    wait_for(lambda: copying(source))
    source.psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'COPY%' AND datname = current_database()")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 6
    check_message(errors, ["Table slow", "cancelled", "Nothing was changed"])
    assert state(lake) == {}


# --- what a role may see

RLS = """
CREATE TABLE part (a int); INSERT INTO part VALUES (1), (2);
ALTER TABLE part ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON part USING (a = 1);
CREATE VIEW plain AS SELECT * FROM part;
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT * FROM part;
GRANT SELECT ON part, plain, invoker TO {0};
"""


@pytest.mark.parametrize("table, named", [("part", "Table part"),
                                          ("invoker", 'View "public"."invoker"')])
def test_rows_that_a_policy_hides(pg15, make_database, role, refused, table, named):
    database, name = make_database(pg15), role()
    database.psql(RLS.format(name))
    refused(as_role(database, name), "--table", table, code=5,
            words=[named, "row-level security", "BYPASSRLS"])


def test_rows_that_a_policy_hides_from_the_owner_too(pg15, make_database, role, refused,
                                                     migrate, lake):
    database, name = make_database(pg15), role()
    database.psql(RLS.format(name) + f"ALTER TABLE part OWNER TO {name};")
    migrate(as_role(database, name), "--table", "part")
    assert by_pyarrow(lake, "part").num_rows == 2
    database.psql("ALTER TABLE part FORCE ROW LEVEL SECURITY")
    refused(as_role(database, name), "--table", "part", code=5,
            words=["Table part", "FORCE ROW LEVEL SECURITY", "BYPASSRLS"])


def test_rows_that_no_policy_hides(pg15, make_database, role, migrate, lake):
    """From one with BYPASSRLS, and from the owner of a view, whose eyes it reads with."""
    database, name, trusted = make_database(pg15), role(), role("BYPASSRLS")
    database.psql(RLS.format(name) + f"GRANT SELECT ON part, invoker TO {trusted}")
    migrate(as_role(database, name), "--table", "plain")
    migrate(as_role(database, trusted), "--table", "part", "--table", "invoker")
    assert {by_pyarrow(lake, t).num_rows for t in ("plain", "part", "invoker")} == {2}


@pytest.mark.parametrize("sql, flags, words", [
    ("CREATE TABLE closed (a int)", "", ['"closed"', "GRANT SELECT"]),
    ("CREATE TABLE t (a int, b int); GRANT SELECT (a) ON t TO {0}", "",
     ['"t"', "GRANT SELECT ON the whole table"]),
    ("CREATE SCHEMA s; CREATE TABLE s.t (a int); GRANT SELECT ON s.t TO {0}", "--schema s",
     ["schema s", "GRANT USAGE ON SCHEMA"]),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT * FROM t;"
     "ALTER VIEW v OWNER TO {0}; GRANT SELECT ON v TO {0}", "--table v",
     ['"v"', "permission denied for table t", "GRANT SELECT"]),
    ("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "--table m", ["Table m", "GRANT SELECT"]),
], ids=["table", "column", "schema", "view's table", "materialized view"])
def test_a_missing_privilege(pg15, make_database, role, refused, sql, flags, words):
    database, name = make_database(pg15), role()
    database.psql(sql.format(name))
    refused(as_role(database, name), *flags.split(), code=5, words=words)


def test_privileges_that_are_not_needed(pg15, make_database, role, migrate, lake):
    """On sequences, and on partitions when the whole is granted."""
    database, name = make_database(pg15), role()
    database.psql(f"""CREATE TABLE p (a int, n serial) PARTITION BY RANGE (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
        INSERT INTO p VALUES (1), (11); GRANT SELECT ON p, p1 TO {name}""")
    migrate(as_role(database, name))
    assert by_pyarrow(lake, "p").num_rows == 2


@pytest.mark.parametrize("mapping, words", [
    ("CREATE USER MAPPING FOR {user} SERVER far OPTIONS (user 'nobody-there')",
     ["nobody-there", "USER MAPPING"]),
    ("", ["user mapping not found", "USER MAPPING"]),
])
def test_a_foreign_table_whose_server_refuses(pg15, make_database, refused, migrate,
                                              mapping, words):
    database = make_database(pg15)
    database.psql(f"""CREATE EXTENSION postgres_fdw; CREATE TABLE fine (a int);
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
          OPTIONS (host '127.0.0.1', port '{pg15.port}', dbname '{database.name}');
        {mapping.format(user=pg15.user)};
        CREATE FOREIGN TABLE f (a int) SERVER far OPTIONS (table_name 'fine')""")
    code = 6 if mapping else 5
    refused(database, code=code, words=["Table f", "--exclude", *words])
    migrate(database, "--exclude", "f")


# --- standbys

@pytest.fixture(scope="module")
def primary():
    with servers.Postgres(15) as server:
        server.psql(SOURCE + "CREATE UNLOGGED TABLE quick (a int);")
        yield server


@pytest.fixture(scope="module")
def standby(primary):
    settings = {"max_standby_streaming_delay": "100ms"}
    with servers.Postgres(15, standby_of=primary, settings=settings) as server:
        yield servers.Database(server, "postgres")


def catch_up(primary, standby):
    place = primary.psql("SELECT pg_current_wal_lsn()")
    wait_for(lambda: standby.psql(
        f"SELECT pg_last_wal_replay_lsn() >= '{place}'") == "t")


def test_a_standby(primary, standby, migrate, lake, tmp_path):
    catch_up(primary, standby)
    done = migrate(standby, "--jobs", "4", "--exclude", "quick")
    assert "fewer connections" not in done.stderr
    for table in ("t", "big"):
        assert_same(by_pyarrow(lake, table), in_postgres(standby, table, tmp_path))


def test_an_unlogged_table_of_a_standby(primary, standby, refused, shoestring):
    catch_up(primary, standby)
    refused(standby, code=8, words=["Table quick", "unlogged", "primary", "--exclude"])
    shoestring("inspect", "--source", standby.url)


def test_a_standby_that_cancels_reads(primary, standby, start, lake):
    primary.psql("CREATE TABLE IF NOT EXISTS moving AS SELECT generate_series(1, 9999) AS i;"
                 "CREATE OR REPLACE VIEW slow AS SELECT i, pg_sleep(0.01)::text AS nap "
                 "FROM moving")
    catch_up(primary, standby)
    process = start(standby, "--table", "slow")
    wait_for(lambda: copying(standby))
    primary.psql("DELETE FROM moving WHERE i > 5000")
    primary.psql("VACUUM moving")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 6
    check_message(errors, ["Table slow", "conflict with recovery",
                           "max_standby_streaming_delay"])
    assert state(lake) == {}


# --- tables that others want to change

def test_changes_wait_for_the_run(pg15, make_database, start, lake):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);"
                  "CREATE VIEW slow AS SELECT i, pg_sleep(0.01)::text AS nap "
                  "FROM generate_series(1, 150) i;")
    process = start(database, "--table", "slow", "--table", "t", "--jobs", "1")
    wait_for(lambda: copying(database))
    for change in ("DROP TABLE t", "TRUNCATE t", "ALTER TABLE t ALTER a TYPE bigint",
                   "ALTER TABLE t RENAME TO u"):
        with pytest.raises(servers.ServerError, match="lock timeout"):
            database.psql("SET lock_timeout = '50ms';" + change)
    database.psql("INSERT INTO t VALUES (3)")  # is not kept waiting
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert by_pyarrow(lake, "t").num_rows == 2


@pytest.mark.parametrize("change, code, words", [
    ("DROP TABLE t", 3, ["t", "dropped or renamed meanwhile", "run it again"]),
    ("TRUNCATE t", 0, []),
    ("ALTER TABLE t ALTER a TYPE text", 0, []),
    ("ALTER TABLE t DROP COLUMN b", 0, []),
])
def test_a_change_just_before_the_run_has_its_locks(pg15, make_database, start, lake,
                                                    change, code, words):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1), (2, 2)")
    changing = subprocess.Popen(["psql", "-X", "-q", "-d", database.url], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    changing.stdin.write(f"BEGIN; {change}; SELECT 1;\n")
    changing.stdin.flush()
    changing.stdout.readline()
    process = start(database)
    wait_for(lambda: waiting(database))
    changing.communicate("COMMIT;\n")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    if code:
        check_message(errors, words)
        assert not lake.exists()
        return
    got = by_pyarrow(lake, "t")
    assert got.num_rows == (0 if "TRUNCATE" in change else 2)
    assert got.column_names == (["a"] if "DROP" in change else ["a", "b"])
    if "TYPE text" in change:
        assert got["a"].to_pylist() == ["1", "2"]


def test_an_error_in_the_middle_of_a_table_names_it(pg15, make_database, migrate, refused):
    database = make_database(pg15)
    database.psql("CREATE TABLE fine AS SELECT 1 AS a; CREATE VIEW broken AS "
                  "SELECT i, 1 / (50000 - i) AS share FROM generate_series(1, 100000) i")
    migrate(database)
    refused(database, "--table", "broken", code=2,
            words=["Table broken", "division by zero", "--where"])


def test_a_name_that_is_not_utf8_is_told_with_its_table(pg15, refused):
    pg15.psql("CREATE DATABASE sources_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' "
              "LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        database = servers.Database(pg15, "sources_bytes")
        database.psql("SET client_min_messages = error; CREATE TABLE fine (a int);"
                      r"""DO $$ BEGIN EXECUTE E'CREATE TABLE odd ("caf\xe9" int)'; END $$""")
        refused(database, code=8, words=["Table odd", "UTF-8", "--exclude"])
    finally:
        pg15.drop_database("sources_bytes")


# --- connections that break

class Proxy:
    """A TCP proxy that does `how` once `after` bytes have come from the server:
    "reset", "close", "hang" (takes and gives nothing more, on any connection)."""

    def __init__(self, port, how, after=0):
        self._target, self._how, self._left = port, how, after
        self._broken = threading.Event()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._broken.set()
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self._sockets.append(client)
                if self._left <= 0:
                    self._broken.set()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets.append(server)
                for pump in (self._forth, self._back):
                    threading.Thread(target=pump, args=(client, server),
                                     daemon=True).start()

    def _forth(self, client, server):
        with contextlib.suppress(OSError, ValueError):
            while not self._broken.is_set():
                # A socket that is being read from does not end when it is closed.
                if not select.select([client], [], [], 0.05)[0]:
                    continue
                if not (data := client.recv(65536)):
                    return server.shutdown(socket.SHUT_WR)
                server.sendall(data)

    def _back(self, client, server):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                self._left -= len(data)
                if self._left <= 0:
                    return self._break(client)
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def _break(self, client):
        self._broken.set()
        if self._how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        if self._how == "close":
            client.shutdown(socket.SHUT_RDWR)

    def broken(self):
        return self._broken.is_set()

    def url(self, name):
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"


@pytest.mark.parametrize("how", ["reset", "close", "hang"])
def test_a_connection_that_breaks_in_mid_table(source, migrate, refused, lake, how):
    migrate(source, "--table", "t")
    with Proxy(source.server.port, how, after=3_000_000) as proxy:
        refused(proxy.url(source.name), "--table", "big", "--jobs", "2", code=6,
                words=["Table big", "Postgres", "Nothing was changed", "run it again"])
    assert strays(lake) == []


@pytest.mark.parametrize("after", [0, 3_000_000], ids=["connecting", "reading"])
def test_ctrl_c_while_the_server_is_silent(source, binary, lake, after):
    with Proxy(source.server.port, "hang", after=after) as proxy:
        process = subprocess.Popen(
            [binary, "migrate", "--source", proxy.url(source.name), "--lake", lake,
             "--table", "big", "--jobs", "2"], stderr=subprocess.PIPE, text=True)
        wait_for(proxy.broken)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors


def test_a_server_that_takes_connections_and_never_answers(source, refused):
    with Proxy(source.server.port, "hang") as proxy:
        refused(proxy.url(source.name), code=6, words=["timeout", "firewall", "connect_timeout"])


def test_a_long_silence_of_a_server_that_is_at_work(pg15, make_database, migrate, lake):
    """It is asked about after 5 s, and left alone."""
    database = make_database(pg15)
    database.psql("CREATE VIEW v AS SELECT 1 AS a, pg_sleep(7)::text AS nap")
    migrate(database, "--table", "v")
    assert by_pyarrow(lake, "v").num_rows == 1


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_server_that_ends_the_session(start, lake, end):
    with servers.Postgres(15) as server:
        database = servers.Database(server, "postgres")
        database.psql(SLOW)
        process = start(database, "--table", "slow")
        wait_for(lambda: copying(database))
        if end == "kill":
            server.kill()
        else:
            database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 6
    check_message(errors, ["Table slow", "Nothing was changed", "run it again"])
    assert state(lake) == {}


def test_a_server_that_shuts_down(refused):
    with servers.Postgres(15) as server:
        with holding(server.url()):
            server.shut_down()
            wait_for(lambda: "shutdown request" in server.log())
            refused(server.url(), code=6, words=["shutting down", "wait until"])


# --- TLS

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """ca.crt, other.crt and, signed by ca, localhost.crt and expired.crt with their key."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.crt")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    for name, days in (("localhost", "2"), ("expired", "-1")):
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", days, "-out", f"{name}.crt")
    return folder


@pytest.fixture(scope="module")
def tls(certificates):
    """A server that takes nothing but TLS."""
    files = {"pg_hba.conf": "hostssl all all all trust\n",
             "server.crt": (certificates / "localhost.crt").read_text(),
             "server.key": (certificates / "server.key").read_text()}
    with servers.Postgres(15, files=files, settings={"ssl": "on"}) as server:
        server.psql("CREATE TABLE t AS SELECT 1 AS a")
        yield server


def tls_url(server, host="localhost", **parameters):
    return server.url(**parameters).replace("127.0.0.1", host)


@pytest.mark.parametrize("host, mode, root, words", [
    ("localhost", "disable", None, ["pg_hba.conf", "sslmode=require"]),
    ("localhost", "verify-full", None, ["root certificate", "sslrootcert=FILE"]),
    ("localhost", "verify-full", "other", ["certificate verify failed", "sslrootcert"]),
    ("127.0.0.1", "verify-full", "ca", ["does not match host name", "verify-ca"]),
])
def test_tls_that_fails(tls, certificates, refused, tmp_path, host, mode, root, words):
    parameters = {"sslmode": mode}
    if root:
        parameters["sslrootcert"] = certificates / f"{root}.crt"
    refused(tls_url(tls, host, **parameters), code=5, words=words,
            env={**os.environ, "HOME": str(tmp_path)})


@pytest.mark.parametrize("mode", [None, "require", "verify-ca", "verify-full"])
def test_tls_that_works(tls, certificates, migrate, lake, mode):
    root = {"sslrootcert": certificates / "ca.crt"} if mode else {}
    migrate(tls_url(tls, **({"sslmode": mode} if mode else {}), **root))
    assert by_pyarrow(lake, "t").num_rows == 1


def test_a_certificate_that_has_expired(tls, certificates, refused):
    tls.write("server.crt", (certificates / "expired.crt").read_text())
    tls.psql("SELECT pg_reload_conf()")
    try:
        refused(tls_url(tls, sslmode="verify-full", sslrootcert=certificates / "ca.crt"),
                code=5, words=["certificate verify failed", "expired"])
    finally:
        tls.write("server.crt", (certificates / "localhost.crt").read_text())
        tls.psql("SELECT pg_reload_conf()")


def test_a_server_without_tls(source, refused):
    refused(source.url + "?sslmode=require", code=2,
            words=["does not support SSL", "sslmode=prefer"])


# --- who is let in

@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a password, with few connections."""
    files = {"pg_hba.conf": "host all uninvited all reject\n"
                            "host all postgres,reader,limited all scram-sha-256\n"}
    settings = {"max_connections": "8", "superuser_reserved_connections": "3"}
    with servers.Postgres(15, auth="scram-sha-256", files=files,
                          settings=settings) as server:
        server.psql(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}';"
                    f"CREATE ROLE limited LOGIN PASSWORD '{SECRET}' CONNECTION LIMIT 2;"
                    + "".join(f"CREATE TABLE t{i} AS SELECT generate_series(1, 1000) a;"
                              f"GRANT SELECT ON t{i} TO PUBLIC;" for i in range(4))
                    + "CREATE VIEW slow AS SELECT 1 AS a FROM pg_sleep(1);"
                      "GRANT SELECT ON slow TO PUBLIC")
        yield server


@pytest.mark.parametrize("user, password, database, code, words", [
    ("reader", SECRET + "x", "postgres", 5, ["password authentication failed", "PGPASSWORD"]),
    ("reader", None, "postgres", 5, ["no password supplied", "PGPASSWORD"]),
    ("uninvited", SECRET, "postgres", 5, ["pg_hba.conf", "uninvited"]),
    ("nobody", SECRET, "postgres", 5, ["no pg_hba.conf entry", "nobody"]),
    ("reader", SECRET, "nope", 3, ['database "nope" does not exist', "URL"]),
])
def test_who_is_not_let_in(guarded, lake, shoestring, user, password, database, code, words):
    secret = f":{password}" if password else ""
    url = f"postgres://{user}{secret}@127.0.0.1:{guarded.port}/{database}"
    done = shoestring("migrate", "--lake", lake, code=code,
                      env={**os.environ, "DATABASE_URL": url})
    check_message(done.stderr, words)
    assert not lake.exists()


def test_a_password_file(guarded, tmp_path, migrate, lake):
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{guarded.port}:*:reader:{SECRET}\n")
    file.chmod(0o600)
    url = f"postgres://reader@127.0.0.1:{guarded.port}/postgres"
    migrate(url, env={**os.environ, "PGPASSFILE": str(file)})
    assert by_pyarrow(lake, "t0").num_rows == 1000


def test_a_server_without_connections_left(guarded, shoestring, lake):
    url = guarded.url(user="reader", password=SECRET)
    with holding(url, 5):
        done = shoestring("migrate", "--lake", lake, code=6,
                          env={**os.environ, "DATABASE_URL": url})
    check_message(done.stderr, ["connection slots are reserved", "--jobs 1"])
    assert not lake.exists()


@pytest.mark.parametrize("user, held", [("limited", 0), ("reader", 3)])
def test_fewer_connections_than_jobs(guarded, shoestring, lake, user, held):
    url = guarded.url(user=user, password=SECRET)
    with holding(guarded.url(user="reader", password=SECRET), held) if held else \
            contextlib.nullcontext():
        # The view keeps the first worker until the others have asked for connections.
        done = shoestring("migrate", "--lake", lake, "--jobs", "4",
                          *(flag for table in ("t0", "t1", "t2", "t3", "slow")
                            for flag in ("--table", table)),
                          env={**os.environ, "DATABASE_URL": url})
        shoestring("verify", "--lake", lake, "--jobs", "4", "--source",
                   env={**os.environ, "DATABASE_URL": url})
    assert "fewer connections than jobs" in done.stderr and SECRET not in done.stderr
    assert [by_pyarrow(lake, f"t{i}").num_rows for i in range(4)] == [1000] * 4


# --- the way there

def test_an_ipv6_address(migrate, lake):
    settings = {"listen_addresses": "127.0.0.1,::1"}
    with servers.Postgres(15, settings=settings) as server:
        server.psql("CREATE TABLE t AS SELECT 1 AS a")
        migrate(server.url().replace("127.0.0.1", "[::1]"))
    assert by_pyarrow(lake, "t").num_rows == 1


def test_a_host_with_ipv6_alone_seen_from_a_machine_without(binary, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("2001:db8::1 db.example.test\n")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--", "sh", "-c",
         'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh", hosts, binary,
         "migrate", "--lake", tmp_path / "lake", "--source",
         "postgres://u@db.example.test/postgres"], capture_output=True, text=True,
        timeout=15)
    assert done.returncode == 6, done.stderr
    check_message(done.stderr, ["2001:db8::1", "IPv6", "session pooler", "port 5432"])
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("address, words", [
    ("no.such.host.invalid", ["host name", "DNS"]),
    ("127.0.0.1:1", ["refused", "port"]),
])
def test_no_way_there(refused, address, words):
    refused(f"postgres://u@{address}/db", code=6, words=words)
