"""gym/HandReach-v3: the fingertips of a Shadow hand to points in space."""

from __future__ import annotations

import mujoco
import numpy as np

from randomizers import WorldDistribution
from sim2real.simulation.marks import REACHED, WANTED, Ball
from sim2real.tasks.gym_robotics.goal_env_simulation import Rows
from sim2real.tasks.gym_robotics.goal_env_task import integration_state, qpos_slice
from sim2real.tasks.gym_robotics.hand import FINGERTIPS, HAND, JOINT_PARTS, JOINTS, HandSimulation, HandTask
from sim2real.tasks.gym_robotics.variants import HAND_REACH

TIPS = tuple(f"robot0:S_{finger}tip" for finger in ("ff", "mf", "rf", "lf", "th"))
THUMB = 4
THRESHOLD = 0.01
"""Distance of all tips together (2-norm over their 15 coordinates) below which a goal is reached [m]."""
GOAL_RADIUS = 0.005
"""Size of goals in pictures, the original's [m]."""
START_POSE = (
    *(-0.16514339750464327, -0.31973286565062153),
    *(0.14340512546557435, 0.32028208333591573, 0.7126053607727917, 0.6705281001412586),
    *(0.000246444303701037, 0.3152655251085491, 0.7659800313729842, 0.7323156897425923),
    *(0.00038520700007378114, 0.36743546201985233, 0.7119514095008576, 0.6699446327514138),
    *(0.0525442258033891, -0.13615534724474673, 0.39872030433433003, 0.7415570009679252, 0.704096378652974),
    *(0.003673823825070126, 0.5506291436028695, -0.014515151997119306, -0.0015229223564485414, -0.7894883021600622),
)
"""Joint angles that episodes start from [rad]: wrist, forefinger, middle, ring and little finger, thumb."""


class HandReach(HandTask):
    """The policy sees the tips' positions (15) twice, with the joints in the observation (63) and as achieved goal."""

    summary = "bring the fingertips of a Shadow hand to points in space, as in gymnasium-robotics"
    model_file = "hand/reach.xml"
    episode_steps = 50
    goal_size = 15
    achieved_part = "fingertip_position"

    def __init__(self, name: str) -> None:
        self.name = name
        self.dense = HAND_REACH[name].dense
        self.parts = {**JOINT_PARTS, "fingertip_position": (self.goal_size, "m")}
        self.roles = {"object": (), "robot": (HAND,), "fingertip": FINGERTIPS}
        model = self.model
        data = mujoco.MjData(model)
        data.qpos[:] = START_POSE
        mujoco.mj_forward(model, data)
        self.start = integration_state(model, data)
        self.tips_at_start = np.array([data.site(tip).xpos for tip in TIPS])
        """(5, 3) [m]."""
        self.palm = data.body("robot0:palm").xpos.copy()
        """Where the palm is at the start (3,) [m]."""

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> HandReachSimulation:
        return HandReachSimulation(self, worlds, threads, distribution)

    def draw_goal(self, rng: np.random.Generator) -> np.ndarray:
        """Thumb and a finger meet above the palm, the others stay; one time in ten all stay: (15,) [m]."""
        finger = rng.choice(THUMB)
        meeting = self.palm + np.array([0.0, -0.09, 0.05])
        meeting += rng.normal(scale=0.005, size=3)
        goal = self.tips_at_start.copy()
        for tip in (THUMB, finger):
            # Not quite to the same point, where they would overlap.
            direction = meeting - goal[tip]
            direction /= np.linalg.norm(direction)
            goal[tip] = meeting - 0.005 * direction
        if rng.uniform() < 0.1:
            goal = self.tips_at_start
        return goal.flatten()


class HandReachSimulation(HandSimulation):
    """n Shadow hands that touch nothing."""

    task: HandReach

    def __init__(
        self, task: HandReach, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        super().__init__(task, worlds, threads, distribution)
        self._site_xpos = self.sim.bind("site_xpos")
        self._tips = np.array([task.model.site(tip).id for tip in TIPS])

    def draw(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        states = np.tile(self.task.start, (len(ids), 1))
        self.within_limits(ids, states[:, qpos_slice(self.task.model)])
        return states, np.array([self.task.draw_goal(rng) for rng in rngs])

    def look(self, rows: Rows) -> None:
        super().look(rows)
        tips = self._site_xpos[rows][:, self._tips]
        self.achieved_goal[rows] = tips.reshape(len(tips), -1)
        self.observation[rows, 2 * JOINTS :] = self.achieved_goal[rows]

    def marks(self, world: int) -> tuple[Ball, ...]:
        colour = REACHED if self.is_success[world] else WANTED
        return tuple(Ball(goal, GOAL_RADIUS, colour) for goal in self.goal[world].reshape(-1, 3))

    def judge(self, achieved: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distance = np.linalg.norm(achieved - goal, axis=-1)
        return -distance if self.task.dense else -(distance > THRESHOLD).astype(float), distance < THRESHOLD
