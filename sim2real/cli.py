"""The command line `sim2real`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sim2real.errors import UserError

COMMANDS = {
    "list": "tasks, kinds of randomization terms, and untrained policies",
    "new-task": "make a task of your own robot: check its MJCF, write a task file and worlds",
    "worlds": "draw worlds of a task and look at their numbers",
    "train": "train a policy across randomized worlds",
    "resume": "go on with a training run where it stopped",
    "play": "watch a policy in MuJoCo's viewer, or write a video",
    "evaluate": "measure a policy in seen and unseen worlds",
    "export": "write a policy as a bundle that a robot can run",
    "deploy": "run a bundle on a robot over ROS 2",
    "twin": "offer a simulated robot over ROS 2 in the place of hardware",
    "report": "write a run's report as one HTML page",
    "bench": "measure speed against its limits",
    "doctor": "what is installed, what is missing, and what mends it",
    "demo": "the whole loop: train, evaluate, export, run over ROS 2, report",
}
"""Every command and what it does; each is a module of `sim2real.commands` with `Options` and `run`, `-` written as `_`."""


@dataclass(frozen=True)
class Result:
    """What a command came to: `data` for machines, `text` for people."""

    data: dict[str, Any]
    text: str
    code: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for what the user must mend, 130 when interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in arguments
    arguments = [argument for argument in arguments if argument != "--json"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, rest = arguments[0], arguments[1:]
    if name == "--version":
        from sim2real import __version__

        print(__version__)
        return 0
    if name not in COMMANDS:
        return fail(f"unknown command {name!r}; commands: {', '.join(COMMANDS)}")
    try:
        result = _run(name, rest)
        where = sys.stderr if result.code == 2 and not as_json else sys.stdout
        print(json.dumps(result.data, allow_nan=False) if as_json else result.text, file=where, flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not _is_the_users(error):
            raise
        return fail(_one_line(error))
    return result.code


def _run(name: str, arguments: list[str]) -> Result:
    import tyro

    command = import_module(f"sim2real.commands.{name.replace('-', '_')}")
    default = command.default(arguments) if hasattr(command, "default") else None
    known = {} if default is None else {"default": default}
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = tyro.cli(
                command.Options,
                prog=f"sim2real {name}",
                description=_description(name),
                args=arguments,
                **known,
            )
    except SystemExit as end:
        if end.code in (0, None):
            raise
        raise UserError(f"{_unboxed(said.getvalue())}; see: sim2real {name} --help") from None
    return command.run(options)


def _description(name: str) -> str:
    summary = COMMANDS[name]
    return f"{summary[0].upper()}{summary[1:]}. With --json: one JSON object on stdout, all else on stderr."


def _unboxed(message: str) -> str:
    """What tyro says in a box, as one line, without the help that it repeats."""
    lines = []
    for line in message.splitlines()[1:]:
        content = line.strip(" │╭╮╰╯")
        if set(content) <= {"─"}:
            break
        lines.append(content)
    text = re.sub(r" For further information visit \S+", "", " ".join(lines))
    text = re.sub(r"Error parsing Options: \d+ validation errors? for Options ", "", text)
    text = re.sub(r"(\S+) (Input .*?) \[type=\w+, input_value=(.*?), input_type=\w+\]", r"\1: given \3, \2", text)
    return re.sub(r"Value error, (.*) \[type=.*\]", r"\1", text)


def _is_the_users(error: Exception) -> bool:
    """Whether the error says what was given wrongly, rather than that this program is wrong."""
    from pydantic import ValidationError

    from deploy_robot import BundleError, ConnectionFailed, JointMapError, MissingRos
    from policies.checkpoint import CheckpointError
    from randomizers import WorldsError

    known = (UserError, WorldsError, BundleError, JointMapError, CheckpointError, MissingRos, ConnectionFailed)
    return isinstance(error, (*known, ValidationError, FileExistsError, PermissionError, FileNotFoundError))


def _one_line(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: given {e['input']!r}, {e['msg']}" for e in error.errors())
    return " ".join(str(error).split())


def fail(message: str) -> int:
    """Say in one line what the user must mend."""
    print(f"sim2real: {message}", file=sys.stderr)
    return 2


def usage() -> str:
    """The commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        ["usage: sim2real COMMAND [OPTIONS] [--json]", "", *lines, "", "sim2real COMMAND --help explains its options."]
    )


if __name__ == "__main__":
    sys.exit(main())
