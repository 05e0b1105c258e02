"""What the benchmarks of the physics count and compare."""

import json

import numpy as np
import pytest

from sim2real.cli import main
from sim2real.commands.bench import load_benchmark
from sim2real.tasks import make_task
from sim2real.tasks.robot_simulation import RobotSimulation


def test_random_actions_break_no_shadow_hand_and_no_energy_comes_from_nowhere(capsys) -> None:
    task = "shadow/block-rotate-z"
    assert main(["bench", "stability", "--task", task, "--steps", "240", "--worlds", "8", "--json"]) == 0
    rows = {row["name"].removeprefix(f"{task} "): row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["dactyl2018, steps"]["value"] == 240
    assert all(row["holds"] is not False for row in rows.values())
    assert rows["energy beyond work, a second"]["value"] > -10
    assert 0 < rows["fastest object"]["value"] < 2


def test_a_block_that_is_thrown_shows_as_energy_beyond_work() -> None:
    stability = load_benchmark("stability")
    task = stability._with_energy("shadow/block-rotate-z")
    simulation = task.simulate(2, 1)
    ids = np.arange(2)
    simulation.load(ids, task.worlds.nominal(2), ids)
    simulation.reset(ids, np.zeros_like(ids))
    ledger = stability._Ledger(simulation)
    hold = np.zeros((2, 20), dtype=np.float32)
    simulation.step(hold)
    simulation.sim.qvel[0, simulation._object_v.start + 2] += 3.0
    simulation.step(hold)
    mass = float(task.model.body("object").mass[0])
    thrown, held = ledger._gain
    # Fingers in its way take some of it.
    assert 0.3 < thrown / (0.5 * mass * 3.0**2) < 1.0
    assert held < 0.01 * thrown


def test_a_part_that_was_measured_adds_to_the_next() -> None:
    found = load_benchmark("stability").Found
    both = found(steps=10, diverged=1, unexplained=-2.0, fastest_body=1.0) + found(steps=5, fastest_body=0.5)
    assert (both.steps, both.diverged, both.unexplained, both.fastest_body) == (15, 1, -2.0, 1.0)


@pytest.fixture(scope="module")
def departures() -> dict[str, float]:
    task = make_task("shadow/block-rotate-z")
    rows = load_benchmark("departure").measure(task, 4, 1)
    return {row.name.removeprefix(f"{task.name} "): row.value for row in rows}


def test_fast_physics_departs_less_from_stock_than_randomized_worlds_do(departures) -> None:
    for what in ("joint angles", "object's place", "object's turn"):
        name = f"{what} apart after 1 s"
        fast, randomized = (departures[f"{name}, {other}"] for other in ("fast physics", "stock in dactyl2018"))
        assert departures[f"{name}, stock, begun 1e-6 rad apart"] < fast < 0.3 * randomized


def test_servos_rise_as_fast_in_fast_physics_as_in_stock(departures) -> None:
    assert 0.1 < departures["rise of servos, stock"] < 0.3
    assert departures["rise of servos apart, most of 20"] < 0.02


def test_stock_physics_are_those_of_the_original_model() -> None:
    stock = load_benchmark("departure").stock_of(make_task("shadow/block-rotate-z"))
    original = make_task("gym/HandManipulateBlock-v1").model
    assert stock.model.opt.timestep == original.opt.timestep
    assert stock.model.opt.integrator == original.opt.integrator
    assert (stock.substeps, stock.model.ntendon) == (20, original.ntendon)
    assert isinstance(stock.simulate(1), RobotSimulation)


def test_departure_is_refused_where_there_are_no_stock_physics(capsys) -> None:
    assert main(["bench", "departure", "--task", "leap/rotate-z"]) == 2
    assert "leap/rotate-z has no fast physics" in capsys.readouterr().err
