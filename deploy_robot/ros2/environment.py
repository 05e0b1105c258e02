"""The environment variables that ROS 2 reads before the first node exists."""

import os
from pathlib import Path

PROFILE_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
RANGE_VARIABLE = "ROS_AUTOMATIC_DISCOVERY_RANGE"


def prepare_environment(localhost: bool = False) -> None:
    """Make nodes of this process find others fast and, if `localhost`, on this computer only.

    Fast DDS announces a new node a few times and then every few seconds, so that one that starts while another is busy
    is found late; the profile beside this file announces for longer. A profile chosen by the user is left alone.
    """
    if PROFILE_VARIABLE not in os.environ:
        os.environ[PROFILE_VARIABLE] = str(Path(__file__).with_name("fastdds.xml"))
    if localhost:
        os.environ[RANGE_VARIABLE] = "LOCALHOST"
