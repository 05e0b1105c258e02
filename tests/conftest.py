"""What holds for all tests, and the table of what terms did, which is shown when all have run."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # tests import onnxruntime before deploy_robot may say so

_TABLE: dict[str, dict[str, str]] = {}


@pytest.fixture(scope="session")
def term_table() -> dict[str, dict[str, str]]:
    """What every term did, by its kind and operation and by robot; the terminal summary shows it."""
    return _TABLE


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tests that run in processes of their own hand the table to the one that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["term_table"] = _TABLE


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """pytest-xdist calls this when such a process has ended."""
    _TABLE.update(getattr(node, "workeroutput", {}).get("term_table", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _TABLE:
        return
    terminalreporter.section("every term on every robot")
    terminalreporter.line(
        "As compiled afresh from an edited spec to 1e-12; none but the declared fields; three writes as one; neighbours "
        "bit-identical. So many of the robot's elements take it, of which up to three of each kind are looked at; the rest "
        "refuse it."
    )
    robots = list(next(iter(_TABLE.values())))
    heads = [name.removeprefix("gym/").partition("-v")[0] for name in robots]
    rows = [heads, *([row[name] for name in robots] for row in _TABLE.values())]
    for case, row in zip(("", *_TABLE), rows, strict=True):
        terminalreporter.line(
            f"{case:32}" + "".join(f"{c:>{max(9, len(h)) + 2}}" for c, h in zip(row, heads, strict=True))
        )
