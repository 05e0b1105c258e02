"""Sim-to-real for dexterous hands and arms: tasks, batched simulation, trials, runs, evaluation and deployment.

Importing it makes every task known to `gymnasium.make` under its own name, such as "leap/rotate-z".
"""

from sim2real.gym_env import register_tasks

__version__ = "0.1.0"

register_tasks()
