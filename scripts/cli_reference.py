"""Makes the man page and the completions of shells out of what `--help` says, so that they
say nothing else.

usage: python3 scripts/cli_reference.py BINARY FOLDER

Writes shoestring.1, shoestring.bash, shoestring.zsh and shoestring.fish into FOLDER. The
page's date is that of SOURCE_DATE_EPOCH, or today.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time

NAME = "shoestring"
HEADING = re.compile(r"^(\S.*):$")
OPTION = re.compile(r"^  (-.*?)(?:  +(\S.*))?$")
ITEM = re.compile(r"^  (\S.*?)(?:  +(\S.*))?$")
CONTINUED = re.compile(r"^ {10,}(\S.*)$")
FLAGS = re.compile(r"^(-{1,2}[\w-]+(?:,-{1,2}[\w-]+)*) ?(.*)$")
NO_VALUE = re.compile(r"^(|Excludes:.*|Needs:.*|REQUIRED.*|\(Env:.*)$")


@dataclasses.dataclass
class Item:
    """A line of a list in --help: an option, an argument or a command."""

    spec: str
    text: str = ""

    @property
    def flags(self):
        return FLAGS.match(self.spec)[1].split(",")

    @property
    def takes_value(self):
        return not NO_VALUE.match(FLAGS.match(self.spec)[2])

    @property
    def values(self):
        """The words that an option takes, where --help lists them."""
        found = re.search(r":\{([^}]*)\}", self.spec)
        return found[1].split(",") if found else []


@dataclasses.dataclass
class Command:
    """What --help of one command says. path: its name's words, without the program's."""

    path: tuple
    about: str
    usage: str
    sections: dict  # heading: [Item]
    ending: list  # the lines after the lists, as they are
    commands: list = dataclasses.field(default_factory=list)

    @property
    def options(self):
        return [item for items in self.sections.values() for item in items
                if item.spec.startswith("-")]

    def all(self):
        """This command, and those below it."""
        return [self, *(found for child in self.commands for found in child.all())]


def parse_help(path, text):
    """A Command of the text that --help prints."""
    about, _, rest = text.partition("\nUsage: ")
    usage, _, rest = rest.partition("\n")
    sections, ending, items = {}, [], None
    for line in rest.splitlines():
        heading = HEADING.match(line)
        if heading:
            items = None if heading[1] == "Examples" else sections.setdefault(heading[1], [])
        if ending or (heading and items is None):
            ending.append(line)
        elif not heading and line.strip():
            _add_line(items, line)
    return Command(path, about.strip(), usage, sections, ending)


def _add_line(items, line):
    continued = CONTINUED.match(line)
    found = OPTION.match(line) or ITEM.match(line)
    if items is None or not (continued or found):
        raise ValueError(f"--help has a line that is not understood: {line!r}")
    if continued:
        items[-1].text = f"{items[-1].text} {continued[1]}".strip()
    else:
        items.append(Item(found[1], found[2] or ""))


def read_command(binary, path=()):
    """The Command at a path, with all below it, as the binary tells of them."""
    done = subprocess.run([binary, *path, "--help"], capture_output=True, text=True,
                          check=True)
    command = parse_help(path, done.stdout)
    for item in command.sections.get("Subcommands", []):
        command.commands.append(read_command(binary, (*path, item.spec)))
    return command


# ---- The man page


def _roff(text):
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.M)


def _verbatim(lines):
    return [".nf", *(_roff(line) for line in lines), ".fi"]


def _list(items):
    return [line for item in items
            for line in (".TP", f"\\fB{_roff(item.spec)}\\fR", _roff(item.text))]


def _manual_of(command):
    lines = [f".SS {_roff(' '.join((NAME, *command.path)))}", _roff(command.about), ".PP",
             f"Usage: {_roff(command.usage)}"]
    for heading, items in command.sections.items():
        if heading != "Subcommands":
            lines += [".PP", f"{_roff(heading)}:", *_list(items)]
    if command.ending:
        lines += [".PP", *_verbatim(command.ending)]
    return lines


def manual(root, version):
    """The text of shoestring.1."""
    about = root.about.splitlines()
    now = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    date = time.strftime("%Y-%m-%d", now)
    lines = [f'.TH {NAME.upper()} 1 "{date}" "{NAME} {version}"', ".SH NAME",
             f"{NAME} \\- {_roff(about[0].rstrip('.'))}", ".SH SYNOPSIS",
             f"{NAME} COMMAND [OPTIONS]", ".SH DESCRIPTION", _roff(about[0]), ".PP",
             *_verbatim(line for line in about[1:] if line.strip()),
             ".SH OPTIONS", *_list(root.sections["Options"]), ".SH COMMANDS"]
    for command in root.all()[1:]:
        lines += _manual_of(command)
    return "\n".join(line for line in lines if line.strip()) + "\n"


# ---- Completion


def _words(command):
    return [child.path[-1] for child in command.commands] + [
        flag for option in command.options for flag in option.flags]


def bash(root):
    cases, values = [], []
    for command in root.all():
        name = " ".join(command.path)
        cases.append(f'    "{name}") words="{" ".join(_words(command))}" ;;')
        for option in command.options:
            if option.values:
                values += [f'    "{name} {flag}") words="{" ".join(option.values)}" ;;'
                           for flag in option.flags]
    inner = sorted({" ".join(command.path) for command in root.all()[1:]})
    return "\n".join([
        f"# Completion of {NAME} for bash.",
        f"_{NAME}() {{",
        '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}',
        '  local i path= words= known="' + "".join(f"|{name}" for name in inner) + '|"',
        "  for ((i = 1; i < COMP_CWORD; i++)); do",
        '    [[ $known == *"|${path:+$path }${COMP_WORDS[i]}|"* ]] &&',
        "      path+=${path:+ }${COMP_WORDS[i]}",
        "  done",
        '  case "$path $before" in', *values,
        "    *)", '      case "$path" in', *("  " + case for case in cases), "      esac ;;",
        "  esac",
        '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
        "}",
        f"complete -o default -F _{NAME} {NAME}", ""])


def _zsh_text(text):
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(
        ":", "\\:")


def _zsh_options(command):
    for option in command.options:
        for flag in option.flags:
            spec = f"*{flag}[{_zsh_text(option.text)}]"
            if option.takes_value:
                spec += f":value:({' '.join(option.values)})" if option.values else (
                    ":value:_files")
            yield f"    '{spec}'"


def _zsh_function(command):
    name = "_".join((f"_{NAME}", *command.path))
    lines = [f"{name}() {{", "  local -a commands options"]
    lines += ["  options=(", *_zsh_options(command), "  )"]
    if not command.commands:
        return [*lines, "  _arguments -s : $options '*:file:_files'", "}"]
    lines += ["  commands=(", *(f"    '{child.path[-1]}:{_zsh_text(child.about)}'"
                                for child in command.commands), "  )",
              "  local state line curcontext=$curcontext",
              "  _arguments -C : $options '1:command:->command' '*::argument:->argument'",
              "  case $state in", "    command) _describe command commands ;;",
              "    argument)", "      case $line[1] in",
              *(f"        {child.path[-1]}) {'_'.join((f'_{NAME}', *child.path))} ;;"
                for child in command.commands), "      esac ;;", "  esac", "}"]
    return lines


def zsh(root):
    lines = [f"#compdef {NAME}"]
    for command in root.all():
        lines += ["", *_zsh_function(command)]
    return "\n".join([*lines, "", f'_{NAME} "$@"', ""])


def _fish_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_condition(command):
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.path)
    below = " ".join(child.path[-1] for child in command.commands)
    unseen = f"not __fish_seen_subcommand_from {below}" if below else ""
    return "; and ".join(part for part in (seen, unseen) if part)


def fish(root):
    lines = [f"# Completion of {NAME} for fish."]
    for command in root.all():
        start = f"complete -c {NAME} -n '{_fish_condition(command)}'"
        lines += [f"{start} -f -a {child.path[-1]} -d {_fish_text(child.about)}"
                  for child in command.commands]
        for option in command.options:
            flags = " ".join(("-l " + flag[2:]) if flag.startswith("--") else (
                "-s " + flag[1:]) for flag in option.flags)
            value = f" -x -a '{' '.join(option.values)}'" if option.values else (
                " -r" if option.takes_value else "")
            lines.append(f"{start} {flags}{value} -d {_fish_text(option.text)}")
    return "\n".join(lines) + "\n"


def main(binary, folder):
    root = read_command(binary)
    version = subprocess.run([binary, "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.1").write_text(manual(root, version))
    for shell in (bash, zsh, fish):
        (folder / f"{NAME}.{shell.__name__}").write_text(shell(root))


if __name__ == "__main__":
    main(*sys.argv[1:])
