import dataclasses

import pytest

from deploy_robot import Approach, DeploySettings, RosSettings, SafetySettings


def test_defaults_are_valid_and_safe():
    settings = DeploySettings()
    assert settings.pace == "wall"
    assert settings.safety == SafetySettings()
    assert not settings.ros.localhost, "a robot may be another computer"


@pytest.mark.parametrize(
    ("field", "value"),
    [("domain_id", 233), ("domain_id", -1), ("match_timeout", 0.0), ("state_topic", ""), ("command_topic", "")],
)
def test_ros_settings_that_cannot_be_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^ros\.{field}: given"):
        RosSettings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("seconds", -1.0), ("seconds", float("nan")), ("state_timeout", 0.0), ("pace", "fast")]
)
def test_settings_that_cannot_be_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: given"):
        DeploySettings(**{field: value})


@pytest.mark.parametrize("kind", [DeploySettings, RosSettings, SafetySettings, Approach])
def test_settings_do_not_change(kind):
    field = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), field, None)
