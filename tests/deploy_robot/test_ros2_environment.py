import json
import os
import xml.etree.ElementTree
from pathlib import Path

import pytest

from deploy_robot.ros2.environment import (
    LOCALHOST_PROFILE,
    NETWORK_PROFILE,
    PROFILE_VARIABLE,
    RANGE_VARIABLE,
    prepare_environment,
)


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (PROFILE_VARIABLE, RANGE_VARIABLE):
        monkeypatch.setenv(name, "set first so that its value now is put back")
        monkeypatch.delenv(name)


NAMESPACE = {"dds": "http://www.eprosima.com"}


@pytest.mark.parametrize("localhost", [False, True])
def test_the_profile_that_finds_others_fast_is_used_unless_the_user_has_one(monkeypatch, localhost):
    prepare_environment(localhost)
    profile = xml.etree.ElementTree.parse(os.environ[PROFILE_VARIABLE])
    announcements = profile.find(".//dds:initialAnnouncements/dds:count", NAMESPACE)
    assert int(announcements.text) >= 20
    monkeypatch.setenv(PROFILE_VARIABLE, "/mine.xml")
    prepare_environment(localhost)
    assert os.environ[PROFILE_VARIABLE] == "/mine.xml"


def test_nobody_is_confined_to_this_computer_unasked():
    prepare_environment()
    assert RANGE_VARIABLE not in os.environ
    assert os.environ[PROFILE_VARIABLE] == str(NETWORK_PROFILE)


def test_fast_dds_is_confined_by_the_profile():
    prepare_environment(localhost=True)
    assert os.environ[PROFILE_VARIABLE] == str(LOCALHOST_PROFILE)
    assert os.environ[RANGE_VARIABLE] == "SYSTEM_DEFAULT"


def test_without_that_profile_ros_confines(monkeypatch):
    prepare_environment(localhost=True, middleware="rmw_cyclonedds_cpp")
    assert os.environ[RANGE_VARIABLE] == "LOCALHOST"
    assert PROFILE_VARIABLE not in os.environ
    # A profile is read once in a process: one that is there already stays.
    prepare_environment()
    prepare_environment(localhost=True)
    assert os.environ[RANGE_VARIABLE] == "LOCALHOST"


@pytest.mark.parametrize("localhost", [False, True])
def test_no_shared_memory_that_a_killed_process_could_leave_behind(start, localhost):
    """Else 3 of 25 rounds of the tests that kill and signal processes failed: the next process heard nothing."""
    pytest.importorskip("rclpy")
    process = start("run_node.py", *(("--localhost",) if localhost else ()))
    addresses = set(json.loads(process.stdout.readline()))
    mapped = Path(f"/proc/{process.pid}/maps").read_text()
    assert addresses
    assert "/dev/shm/fast" not in mapped
    assert (addresses == {"127.0.0.1"}) == localhost
