"""ROS 2: a robot seen from the policy's side (`client`) and a simulation offered as a robot (`server`)."""
