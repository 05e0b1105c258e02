import os
import xml.etree.ElementTree
from pathlib import Path

import pytest

from deploy_robot.ros2.environment import PROFILE_VARIABLE, RANGE_VARIABLE, prepare_environment


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (PROFILE_VARIABLE, RANGE_VARIABLE):
        monkeypatch.setenv(name, "set first so that its value now is put back")
        monkeypatch.delenv(name)


def test_the_profile_that_finds_others_fast_is_used_unless_the_user_has_one(monkeypatch):
    prepare_environment()
    profile = Path(os.environ[PROFILE_VARIABLE])
    namespace = {"dds": "http://www.eprosima.com"}
    announcements = xml.etree.ElementTree.parse(profile).find(".//dds:initialAnnouncements/dds:count", namespace)
    assert int(announcements.text) >= 20
    monkeypatch.setenv(PROFILE_VARIABLE, "/mine.xml")
    prepare_environment()
    assert os.environ[PROFILE_VARIABLE] == "/mine.xml"


def test_nobody_is_confined_to_this_computer_unasked():
    prepare_environment()
    assert RANGE_VARIABLE not in os.environ
    prepare_environment(localhost=True)
    assert os.environ[RANGE_VARIABLE] == "LOCALHOST"
