"""The corpus of statements in tests/sql/*.test, and the page that is made of a part of it.

A file is a comment and then tests:

    === name
    # Why it differs, in differences.test.
    SELECT …
    | engines: duckdb trino         where the others have no such thing; all without it
    ---
    [{"n":1}]                       the answer as --format json; without it: equal on all

In differences.test each engine has its own answer, `--- duckdb`, or the word `error`.

usage: sql_corpus.py [--write]      checks, or writes, docs/sql_differences.md
"""

import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/sql"
PAGE = ROOT / "docs/sql_differences.md"
ENGINES = ("duckdb", "trino", "postgres")

HEAD = """# Where the engines differ

The same SQL means the same on DuckDB, Trino (and so Athena) and Postgres as far as
`tests/sql` tells: {equal} statements over all types, partitions, joins, windows, NULLs, dates
and decimals give the same JSON on each of them, byte for byte. These {differ} do not, each
with its reason and what to write in its place. `tests/test_sql.py` runs all of them, and this
page is made of `tests/sql/differences.test` by `tests/sql_corpus.py --write`.

Shoestring runs your statement as you wrote it; it is not translated. One thing is changed on
DuckDB, where it would differ without a word: `/` between integers gives an integer, as on
Trino and Postgres, and not a double.
"""


@dataclasses.dataclass
class Case:
    file: str
    name: str
    reason: str
    sql: str
    engines: tuple
    answers: dict  # by engine; {} when they must only be equal

    @property
    def differs(self):
        return self.file == "differences"


def load():
    """All cases, in the order of their files."""
    return [case for path in sorted(FOLDER.glob("*.test")) for case in _read(path)]


def _read(path):
    blocks = re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]
    cases = [_parse(path.stem, block) for block in blocks]
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), f"{path.name} has a name twice"
    return cases


def _parse(file, block):
    name, text = block.split("\n", 1)
    head, *sections = re.split(r"^---(.*)\n", text, flags=re.MULTILINE)
    lines = head.strip().splitlines()
    engines = next((line.split(":")[1].split() for line in lines if line.startswith("| ")),
                   ENGINES)
    answers = {}
    for engine, answer in zip(sections[::2], sections[1::2]):
        for each in [engine.strip()] if engine.strip() else engines:
            answers[each] = answer.strip()
    return Case(file, name, " ".join(line[2:] for line in lines if line.startswith("# ")),
                "\n".join(line for line in lines if line[:2] not in ("# ", "| ")),
                tuple(engines), answers)


def page():
    """docs/sql_differences.md as it must be."""
    cases = load()
    differing = [case for case in cases if case.differs]
    text = HEAD.format(equal=len(cases) - len(differing), differ=len(differing))
    for case in differing:
        title = case.name.replace("_", " ").capitalize()
        text += f"\n## {title}\n\n{case.reason}\n\n```sql\n{case.sql}\n```\n\n"
        text += "| " + " | ".join(case.answers) + " |\n" + "|---" * len(case.answers) + "|\n"
        text += "| " + " | ".join(_cell(answer) for answer in case.answers.values()) + " |\n"
    return text


def _cell(answer):
    return answer if answer == "error" else "`" + answer.replace("\n", "") + "`"


def main():
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        sys.exit(f"{PAGE.relative_to(ROOT)} is not of tests/sql: run tests/sql_corpus.py --write")


if __name__ == "__main__":
    main()
