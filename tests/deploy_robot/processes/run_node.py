"""Open a node, print the addresses [JSON] at which its process receives, and wait to be ended."""

import argparse
import json
import socket
import sys
import time
from pathlib import Path

from deploy_robot import RosSettings
from deploy_robot.ros2.session import RosSession

parser = argparse.ArgumentParser()
parser.add_argument("--domain", type=int, required=True)
parser.add_argument("--localhost", action="store_true")
options = parser.parse_args()

session = RosSession("node", RosSettings(domain_id=options.domain, localhost=options.localhost))
sockets = {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
bound = [row[1].split(":")[0] for row in rows if f"socket:[{row[9]}]" in sockets]
sys.stdout.write(json.dumps([socket.inet_ntoa(bytes.fromhex(address)[::-1]) for address in bound]) + "\n")
sys.stdout.flush()
time.sleep(60.0)
