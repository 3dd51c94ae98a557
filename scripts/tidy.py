"""Runs clang-tidy on the sources under src/ whose outcome is not known already.

An outcome is kept under build/tidy by the hash of all it depends on: the file, the
project's headers it includes, its compile command, .clang-tidy and clang-tidy itself.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build/tidy"
TIDY = "clang-tidy-14"
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FINDING = re.compile(r"^(?=\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)


def compile_commands():
    """File to compile command, for the project's own sources, without a launcher."""
    commands = {}
    for entry in json.loads((ROOT / "build/release/compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT / "src") and path.exists():
            words = shlex.split(entry["command"])
            if pathlib.Path(words[0]).name == "ccache":
                words = words[1:]
            commands[path] = {"directory": entry["directory"], "file": str(path),
                              "arguments": words}
    return commands


def dependencies(path, seen):
    """The file and the project's headers that it includes, however deep."""
    if path in seen or not path.exists():
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        for folder in (ROOT / "src", path.parent):
            dependencies((folder / name.decode()).resolve(), seen)


def key(path, command, rules):
    seen = set()
    dependencies(path, seen)
    content = hashlib.sha256(rules)
    content.update(json.dumps(command["arguments"]).encode())
    for file in sorted(seen):
        content.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return content.hexdigest()


def tidy(path):
    """Exit code, findings (each with the lines that explain it), seconds."""
    started = time.monotonic()
    done = subprocess.run([TIDY, "--quiet", "-p", str(KEPT), str(path)],
                          capture_output=True, text=True)
    output = done.stdout.strip() or done.stderr.strip()
    findings = FINDING.split(output) if done.returncode else []
    return done.returncode, findings, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--product", action="store_true", help="leave out unit tests")
    parser.add_argument("files", nargs="*", help="only these files")
    options = parser.parse_args()
    if not shutil.which(TIDY):
        sys.exit(f"{TIDY} is not installed: run scripts/bootstrap --test")

    commands = compile_commands()
    if options.files:
        named = {pathlib.Path(file).resolve() for file in options.files}
        commands = {path: entry for path, entry in commands.items() if path in named}
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "compile_commands.json").write_text(json.dumps(list(commands.values())))
    version = subprocess.run([TIDY, "--version"], capture_output=True).stdout
    rules = version + (ROOT / ".clang-tidy").read_bytes()
    keys = {path: key(path, entry, rules) for path, entry in commands.items()}
    due = [path for path in commands if not (KEPT / keys[path]).exists()
           and not (options.product and path.name.endswith("_test.cc"))]
    due.sort(key=lambda path: -path.stat().st_size)
    print(f"    {len(due)} of {len(commands)} files to look at", file=sys.stderr)

    failed, shown = 0, set()  # a finding in a header comes up in every file
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(tidy, path): path for path in due}
        for number, done in enumerate(concurrent.futures.as_completed(running), 1):
            path = running[done]
            code, findings, seconds = done.result()
            print(f"    [{number}/{len(due)}] {path.relative_to(ROOT)} {seconds:.0f} s",
                  file=sys.stderr)
            if code:
                failed += 1
                for finding in findings:
                    what = finding.split("\n", 1)[0]
                    if what and what not in shown:
                        print(finding.strip().replace(f"{ROOT}/", ""), flush=True)
                        shown.add(what)
            else:
                (KEPT / keys[path]).touch()
    for file in KEPT.iterdir():  # outcomes of sources that are no more
        if file.name not in keys.values() and file.suffix != ".json" and not options.files:
            file.unlink()
    if failed:
        sys.exit(f"clang-tidy: findings in {failed} files")


if __name__ == "__main__":
    main()
