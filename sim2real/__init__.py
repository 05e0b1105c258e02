"""Sim-to-real for dexterous hands and arms: tasks, batched simulation, trials, runs, evaluation and deployment.

Importing it makes every task known to `gymnasium.make` under its own name, such as "leap/rotate-z"; one that a file
describes is `gymnasium.make("own/task", task="my_task.yaml")`.
"""

import gymnasium

from sim2real.environment import prepare

prepare()

from sim2real.tasks import TASKS  # noqa: E402  after the environment is prepared: it loads native libraries

__version__ = "0.1.0"

for _name in TASKS:
    gymnasium.register(_name, entry_point="sim2real.gym_env:GymTask", kwargs={"task": _name})
gymnasium.register("own/task", entry_point="sim2real.gym_env:GymTask")
