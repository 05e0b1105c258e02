from dataclasses import replace

import numpy as np

from randomizers import WorldDistribution
from sim2real.evaluation.evaluate import in_order
from sim2real.tasks import make_task
from sim2real.trials import TrialEnv

TASK = make_task("leap/rotate-z")


def per_episode() -> WorldDistribution:
    """The task's worlds, the cube's mass drawn anew at every episode."""
    terms = [replace(t, when="episode") if t.name == "cube_mass" else t for t in TASK.worlds.terms]
    return WorldDistribution(terms, TASK.target)


def masses(env: TrialEnv) -> list[tuple[float, float, float]]:
    """Drawn mass, the same in the critic's vector, and what physics has, at the start of each episode of two trials."""
    column = env.distribution.names.index("cube_mass")
    cube = TASK.model.body("cube").id
    observation, seen = env.reset(), []
    while len(seen) < 4:
        physics = env.simulation.sim.fields["body_mass"][0, cube] / TASK.model.body_mass[cube]
        vector = observation["critic"][0, -len(env.distribution.names) + column]
        seen.append((env.worlds.values[0, column], float(vector), float(physics)))
        ended = False
        while not ended:
            observation, _, _, infos = env.step(np.ones((1, 16)))
            ended = bool(infos[0])
    return seen


def test_a_term_of_an_episode_is_drawn_anew_in_world_critic_and_physics_alike() -> None:
    seen = masses(TrialEnv(TASK, 1, per_episode(), seed=3))
    assert len({drawn for drawn, _, _ in seen}) == 4
    for drawn, vector, physics in seen:
        np.testing.assert_allclose(physics, drawn, rtol=1e-12)
        np.testing.assert_allclose(vector, (drawn - 1.05) / 0.35, atol=1e-5)


def test_a_term_of_a_trial_stays_for_its_episodes() -> None:
    seen = masses(TrialEnv(TASK, 1, seed=3))
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_worlds_that_are_given_stay_as_given() -> None:
    distribution = per_episode()
    given = distribution.sample(np.random.default_rng(0), 1)
    seen = masses(TrialEnv(TASK, 1, distribution, draw=in_order(given)))
    assert {drawn for drawn, _, _ in seen} == {given.column("cube_mass")[0]}
