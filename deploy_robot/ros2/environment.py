"""The environment variables that ROS 2 reads before the first node exists."""

import os
from pathlib import Path

PROFILE_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
RANGE_VARIABLE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
NETWORK_PROFILE = Path(__file__).with_name("fastdds.xml")
LOCALHOST_PROFILE = Path(__file__).with_name("fastdds_localhost.xml")


def prepare_environment(localhost: bool = False, middleware: str = "rmw_fastrtps_cpp") -> None:
    """Make nodes of this process find others fast and reliably and, if `localhost`, on this computer only.

    Fast DDS announces a new node a few times and then every few seconds, so that one that starts while another is busy
    is found late; the profiles beside this file announce for longer. They also keep to UDP: where a process with shared
    memory was killed, the next to start may destroy a queue that others still write into, and hears nothing (Fast DDS
    pull request 4737). ROS's own discovery range LOCALHOST brings shared memory back, so that with Fast DDS the profile
    does the confining, to the loopback interface. A profile chosen by the user is left alone.
    """
    if "fastrtps" in middleware:
        os.environ.setdefault(PROFILE_VARIABLE, str(LOCALHOST_PROFILE if localhost else NETWORK_PROFILE))
    if localhost:
        confined = "fastrtps" in middleware and os.environ[PROFILE_VARIABLE] == str(LOCALHOST_PROFILE)
        os.environ[RANGE_VARIABLE] = "SYSTEM_DEFAULT" if confined else "LOCALHOST"
