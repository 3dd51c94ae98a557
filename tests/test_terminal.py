"""What people and pipes get to see: closed and full outputs, names that a terminal would act
on or that are wide, and the examples of every --help.
"""

import os
import re
import subprocess

import pytest

import servers

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'one');"


@pytest.fixture(scope="module")
def source(pg15):
    database = pg15.create_database("terminal")
    database.psql(TABLE)
    yield database
    pg15.drop_database("terminal")


@pytest.fixture(scope="module")
def lake(source, shoestring, tmp_path_factory):
    folder = tmp_path_factory.mktemp("terminal") / "lake"
    shoestring("migrate", "--source", source.url, "--lake", folder)
    return folder


COMMANDS = {
    "query": ("query", "--lake", "{lake}", "SELECT * FROM t"),
    "tables": ("tables", "--lake", "{lake}"),
    "describe": ("describe", "--lake", "{lake}", "t"),
    "verify": ("verify", "--lake", "{lake}"),
    "verify --json": ("verify", "--lake", "{lake}", "--json"),
    "inspect": ("inspect", "--source", "{source}"),
    "migrate --dry-run": ("migrate", "--source", "{source}", "--lake", "{lake}", "--dry-run"),
    "migrate --json": ("migrate", "--source", "{source}", "--lake", "{lake}", "--json"),
    "--help": ("--help",),
}


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS.keys())
def command(request, binary, source, lake):
    return [str(binary), *(word.format(source=source.url, lake=lake)
                           for word in request.param)]


@pytest.mark.parametrize("output", [">/dev/full", ">&-", ">&- 2>&- <&-"])
def test_a_result_that_cannot_be_written_is_an_error(command, output, lake, shoestring):
    done = subprocess.run(["sh", "-c", f'"$@" {output}', "sh", *command],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 6
    if "2>" not in output:
        assert re.search("Cannot write the result|Standard output did not take",
                         done.stderr), done.stderr
    shoestring("verify", "--lake", lake)


def test_a_reader_that_leaves_is_no_error(command):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", '"$@" | true', "bash", *command],
                          stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_without_standard_error_all_goes_on(command):
    done = subprocess.run(["sh", "-c", '"$@" 2>&- <&-', "sh", *command],
                          stdout=subprocess.PIPE, timeout=120)
    assert done.returncode == 0 and done.stdout


def test_names_are_aligned_by_their_width_and_cannot_drive_a_terminal(
        pg15, make_database, shoestring, tmp_path):
    database = make_database(pg15)
    database.psql("""CREATE TABLE "日本" (id int); CREATE TABLE abcd (id int);
        DO $$ BEGIN EXECUTE format('CREATE TABLE odd (%I date)', E'a\\x1B[31m'); END $$""")
    migrate = ("migrate", "--source", database.url, "--lake", tmp_path)
    plan = shoestring(*migrate, "--dry-run").stdout
    assert "\x1b" not in plan and "a\\x1B[31m" in plan
    report = shoestring(*migrate).stdout.splitlines()
    lines = [shoestring("verify", "--lake", tmp_path).stdout.splitlines(), report]
    for one in lines:
        wide, narrow = (next(line for line in one if line.startswith(name))
                        for name in ("日本", "abcd"))
        assert wide[2:] == narrow[4:]
    database.psql("INSERT INTO odd VALUES ('infinity')")
    failed = shoestring(*migrate, code=9)
    assert "\x1b" not in failed.stderr and "a\\x1B[31m" in failed.stderr


# --- the examples of --help

def examples(text):
    """Commands below `Examples:`, continued lines joined."""
    text = text.partition("Examples:")[2].replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if "shoestring " in line]


@pytest.mark.parametrize("name", ["inspect", "migrate", "verify", "query", "tables",
                                  "describe"])
def test_the_examples_of_help_work(name, binary, shoestring, example_copy, tmp_path):
    found = examples(shoestring(name, "--help").stdout)
    assert found
    example_copy.psql("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    environment = {**os.environ, "DATABASE_URL": example_copy.url,
                   "PATH": f"{binary.parent}:{os.environ['PATH']}"}
    environment.pop("SHOESTRING_LAKE", None)
    (tmp_path / "report.sql").write_text("SELECT 1 AS one")
    if name != "inspect":
        shoestring("migrate", "--source", example_copy.url, "--lake", tmp_path / "lake")
    for line in found:
        line = line.partition("   asks for")[0]
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment,
                              input="SELECT 1", capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_the_readme_names_no_command_that_is_not_there(shoestring):
    readme = (servers.ROOT / "README.md").read_text()
    for name in set(re.findall(r"^shoestring (\w+)", readme, re.MULTILINE)):
        shoestring(name, "--help")
