"""What `scripts/package` makes: it holds all it needs, and runs where there is nothing."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

import lambda_server
import s3_servers
from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import cli_reference  # noqa: E402

LIMIT_BYTES = 200e6


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with what is packaged here, or what SHOESTRING_PACKAGES has."""
    if made := os.environ.get("SHOESTRING_PACKAGES"):
        return pathlib.Path(made)
    out = tmp_path_factory.mktemp("package")
    subprocess.run([ROOT / "scripts/package", "--built", "--out", out, "tree", "lambda"],
                   check=True)
    return out


@pytest.fixture(scope="module")
def tree(packages, tmp_path_factory):
    """The package as a folder, in a place that it was not made for."""
    found, = (path for path in packages.glob("shoestring-*") if path.is_dir())
    moved = tmp_path_factory.mktemp("tree") / "another place"
    subprocess.run(["cp", "-a", found, moved], check=True)
    return moved


@pytest.fixture(scope="module")
def lambda_root(packages, tmp_path_factory):
    """A root with nothing in it but lambda.zip, where Lambda unpacks it, and /tmp."""
    root = tmp_path_factory.mktemp("lambda")
    for name in ("tmp", "var"):
        (root / name).mkdir()
    subprocess.run(["unzip", "-q", packages / "lambda.zip", "-d", root / "var/task"],
                   check=True)
    return root


@pytest.fixture
def root(tree, tmp_path):
    """A root with nothing in it but the package below /opt, and /tmp."""
    (tmp_path / "root/tmp").mkdir(parents=True)
    subprocess.run(["cp", "-al", tree, tmp_path / "root/opt"], check=True)
    return tmp_path / "root"


@pytest.fixture
def inside(root):
    """inside(*arguments): runs the package in the root; gives its output."""

    def run(*arguments, code=0, **environment):
        done = subprocess.run(
            [*chroot(root), "/opt/bin/shoestring", *map(str, arguments)], capture_output=True,
            text=True, timeout=120, env=environment)
        assert done.returncode == code, done.stderr
        return done

    return run


def chroot(root):
    """The beginning of a command that runs in the root."""
    alone = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
    return [*alone, "/usr/sbin/chroot", root]


def elf_files(tree):
    files = [path for path in tree.rglob("*")
             if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    assert len(files) > 20
    return files


@pytest.mark.parametrize("package", ["tree", "lambda_root"])
def test_every_elf_file_resolves_inside(request, package):
    tree = request.getfixturevalue(package)
    libraries = {path.name for path in tree.rglob("lib/*")}
    for path in elf_files(tree):
        headers = subprocess.run(["objdump", "-p", path], capture_output=True, text=True,
                                 check=True).stdout
        assert set(re.findall(r"NEEDED +(\S+)", headers)) <= libraries, path
        for folder in re.findall(r"R(?:UN)?PATH +(\S+)", headers):
            assert folder.startswith("$ORIGIN"), f"{path} looks into {folder}"


def test_the_launcher_needs_nothing(tree):
    headers = subprocess.run(["objdump", "-p", tree / "bin/shoestring"], text=True,
                             capture_output=True, check=True).stdout
    assert "INTERP" not in headers and "NEEDED" not in headers


def test_it_is_small_and_holds_no_debug_information(tree):
    assert sum(path.stat().st_size for path in tree.rglob("*")) < LIMIT_BYTES
    for path in elf_files(tree):
        sections = subprocess.run(["objdump", "-h", path], capture_output=True, text=True)
        assert ".debug_info" not in sections.stdout, path


def test_every_library_has_a_licence(tree):
    licences = tree / "share/doc/shoestring/licences"
    listed = {line.split()[0]: line.split() for line in
              (licences / "LIST.txt").read_text().splitlines()}
    for path in (tree / "lib").iterdir():
        words = listed[path.name]
        name = words[3] if words[1:3] == ["Debian", "package"] else words[1]
        assert (licences / f"{name}.txt").stat().st_size > 100, path.name


def test_only_certificates_of_the_distribution(tree):
    bundle = (tree / "share/ca-certificates.crt").read_text()
    files = sorted(pathlib.Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    assert bundle == "".join(path.read_text() for path in files)
    assert bundle.count("BEGIN CERTIFICATE") == len(files) > 50


def test_it_migrates_and_answers_in_an_empty_root(pg15, make_database, inside):
    database = make_database(pg15)
    database.psql("CREATE TABLE t AS SELECT i, date '2024-01-01' + i AS day, "
                  "i / 3::numeric(9, 3) AS third FROM generate_series(1, 90) i")
    lake = {"SHOESTRING_LAKE": "/tmp/lake"}
    inside("migrate", DATABASE_URL=database.url, **lake)
    inside("verify", "--source", DATABASE_URL=database.url, **lake)
    answer = inside("query", "--format", "csv", "SELECT count(*), sum(i) FROM t", **lake)
    assert answer.stdout.splitlines()[1] == "90,4095"


def test_lambda_zip_answers_from_s3_in_an_empty_root(lambda_root, seaweedfs, pg15,
                                                     make_database, shoestring, tmp_path):
    database, bucket = make_database(pg15), seaweedfs.make_bucket()
    database.psql("CREATE TABLE t AS SELECT i, 'text ' || i AS said FROM generate_series(1, 90) i")
    environment = seaweedfs.environment() | {"AWS_ENDPOINT_URL": seaweedfs.endpoint}
    shoestring("migrate", "--source", database.url, "--lake", bucket.url, env=environment)
    environment |= {"SHOESTRING_LAKE": bucket.url, "SHOESTRING_SERVE_ANONYMOUS": "true"}
    command = [*chroot(lambda_root), "/var/task/bootstrap"]
    with lambda_server.Function(command, tmp_path / "function", environment) as function:
        answer = function.ask("/rest/v1/t?select=said&i=lte.2&order=i", {"Prefer": "count=exact"})
        assert answer.json() == [{"said": "text 1"}, {"said": "text 2"}]
        assert function.stop() == -signal.SIGTERM


def test_it_says_its_version_by_any_name(tree, tmp_path, binary):
    link = tmp_path / "shoe"
    link.symlink_to(tree / "bin/shoestring")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", version)
    assert f"project(shoestring VERSION {version.strip()} " in (
        ROOT / "CMakeLists.txt").read_text()
    for name in (link, tree / "bin/shoestring"):
        done = subprocess.run([name, "--version"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, version), done.stderr


def test_a_damaged_package_says_so(root, inside):
    next((root / "opt/lib").glob("ld-linux-*")).unlink()
    assert "Unpack the package anew" in inside("--version", code=3).stderr


@pytest.fixture(scope="module")
def tls_server():
    with s3_servers.SeaweedFS(tls=True) as server:
        yield server


def test_certificates_where_the_machine_has_none(tls_server, inside, root):
    bucket = tls_server.make_bucket()
    variables = {name: value for name, value in tls_server.environment().items()
                 if name != "AWS_CA_BUNDLE"}

    def ask(code, **environment):
        return inside("tables", "--lake", f"s3://{bucket.name}", "--s3-endpoint",
                      tls_server.endpoint, code=code, **variables, **environment).stderr

    assert "certificate is not trusted" in ask(5)  # the package's own were read
    (root / "etc").mkdir()
    (root / "etc/own.pem").write_bytes(pathlib.Path(tls_server.ca).read_bytes())
    assert "No such lake" in ask(3, SSL_CERT_FILE="/etc/own.pem")
    (root / "etc/ssl/certs").mkdir(parents=True)
    (root / "etc/own.pem").rename(root / "etc/ssl/certs/ca-certificates.crt")
    assert "No such lake" in ask(3)


# --- man page and completion

@pytest.fixture(scope="module")
def reference(binary, tmp_path_factory):
    """The folder of what is made of --help, and the commands it was made of."""
    folder = tmp_path_factory.mktemp("reference")
    cli_reference.main(binary, folder)
    return folder, cli_reference.read_command(binary)


def test_every_option_is_in_the_reference(binary, reference):
    folder, root = reference
    words = {name: set(re.findall(r"[\w-]+", (folder / f"shoestring.{name}").read_text()
                                  .replace("\\fB", " ").replace("\\-", "-")
                                  .replace("-l ", "--")))
             for name in ("1", "bash", "zsh", "fish")}
    for command in root.all():
        told = subprocess.run([binary, *command.path, "--help"], capture_output=True,
                              text=True).stdout
        flags = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", told, flags=re.M))
        assert flags
        for name, found in words.items():
            assert flags | set(command.path) <= found, f"{command.path} in {name}"


def test_the_man_page_is_well_formed(reference):
    subprocess.run(["mandoc", "-T", "lint", "-W", "warning", reference[0] / "shoestring.1"],
                   check=True)


def test_bash_completes(reference):
    script = f"""source {reference[0]}/shoestring.bash
        ask() {{ COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); _shoestring
                 echo "${{COMPREPLY[@]}}"; }}
        ask shoestring mi; ask shoestring query --fo; ask shoestring tables --format ''"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["migrate", "--format", "table json"]


def test_fish_completes(reference, tmp_path):
    script = f"""source {reference[0]}/shoestring.fish
        complete -C 'shoestring mi'; complete -C 'shoestring query --fo'
        complete -C 'shoestring tables --format '"""
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True,
                          text=True, check=True, cwd=tmp_path,
                          env={**os.environ, "HOME": str(tmp_path)})
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
        "migrate", "--format", "json", "table"]


def test_zsh_completes(reference, tmp_path):
    """In a terminal of its own, as zsh completes nowhere else."""
    (tmp_path / "_shoestring").write_text((reference[0] / "shoestring.zsh").read_text())
    script = f"""zmodload zsh/zpty; zpty z zsh -f -i
        zpty -w z "PS1=; fpath=({tmp_path} \\$fpath); autoload -Uz compinit; compinit -u -D"
        zpty -w z "bindkey '^I' complete-word; echo re''ady"
        zpty -r z seen '*ready*'; zpty -n -w z $'shoestring migr\\t--dry\\t\\n'
        zpty -r z seen '*--dry-run*'; print -r -- $seen"""
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "TERM": "dumb"})
    assert "shoestring migrate --dry-run" in done.stdout.replace(" \b", "")


@pytest.mark.parametrize("line", ["  ", "no heading before it"])
def test_help_that_is_not_understood(line):
    text = f"About\nUsage: shoestring\n{line}\n"
    if line.strip():
        with pytest.raises(ValueError, match="no heading before it"):
            cli_reference.parse_help((), text)
    else:
        assert cli_reference.parse_help((), text).options == []
