from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import sim2real  # noqa: F401  registers the tasks
from randomizers import Worlds
from sim2real.errors import UserError
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.mazes.layout import HEADINGS, distances, passages, start_and_target, walls
from sim2real.tasks.mazes.view import FORWARD, LEFT, RIGHT, TURN, ViewMaze, ViewMazeSimulation
from sim2real.tasks.mazes.wad import CELL, WALL, maze_wad

PIXELS = 30 * 40 * 3


@pytest.fixture(scope="module")
def task() -> ViewMaze:
    made = make_task("maze/view-5x5")
    assert isinstance(made, ViewMaze)
    return made


def worlds_of(seeds: list[int]) -> Worlds:
    return Worlds((), np.zeros((len(seeds), 0)), np.array(seeds, dtype=np.uint64))


def started(task: ViewMaze, worlds: Worlds, threads: int = 0) -> ViewMazeSimulation:
    simulation = task.simulate(len(worlds), threads)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def course(simulation: ViewMazeSimulation, actions: np.ndarray) -> list[np.ndarray]:
    """What is observed and paid (n, c + 1) at each of the steps that actions (steps, n) take."""
    rows = []
    for row in actions:
        reward = sum(simulation.step(row).rewards.values())
        rows.append(np.column_stack((simulation.observe()[1], reward)))
    return rows


def seeds_where(wanted: object, count: int) -> list[int]:
    """The first seeds of 5 x 5 mazes that start with a wall ahead, or with the target at the end of an open way ahead."""
    found = []
    for seed in range(10_000):
        (row, column), heading, target = start_and_target(seed, 5)
        free = passages(walls(seed, 5))
        seen, cell = "wall", (row, column)
        while free[cell][heading]:
            cell = cell[0] + HEADINGS[heading][0], cell[1] + HEADINGS[heading][1]
            seen = "target" if cell == target or seen == "target" else "way"
        if seen == wanted:
            found.append(seed)
            if len(found) == count:
                return found
    raise AssertionError(f"no {count} mazes start with {wanted} ahead")


def magenta(images: np.ndarray) -> np.ndarray:
    """Pixels (n,) of the target's colour in images (n, p)."""
    red, green, blue = np.moveaxis(images[:, :PIXELS].reshape(-1, 1200, 3), -1, 0)
    return ((red > 0.6) & (green < 0.3) & (blue > 0.6)).sum(axis=1)


def test_what_is_seen_is_an_image_with_light_and_dark_then_action_reward_and_start(task: ViewMaze) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 4, 0))
    policy, critic = simulation.observe()
    assert task.image == (30, 40, 3)
    assert policy.shape == (4, PIXELS + 5) and policy.dtype == np.float32
    assert critic.shape == (4, PIXELS + 5 + 9) and np.array_equal(critic[:, : PIXELS + 5], policy)
    images = policy[:, :PIXELS]
    assert (images >= 0).all() and (images <= 1).all() and (images.std(axis=1) > 0.02).all()
    assert np.array_equal(policy[:, PIXELS:], [[0, 0, 0, 0, 1]] * 4)
    outcome = simulation.step(np.array([LEFT, RIGHT, FORWARD, LEFT]))
    paid = sum(outcome.rewards.values())
    wanted = np.column_stack((np.eye(3)[[1, 2, 0, 1]], paid, np.zeros(4)))
    assert np.array_equal(simulation.observe()[0][:, PIXELS:], wanted.astype(np.float32))


def test_a_wall_ahead_stops_the_player_and_costs_and_an_open_way_does_neither(task: ViewMaze) -> None:
    blocked, free = seeds_where("wall", 3), seeds_where("target", 3)
    simulation = started(task, worlds_of(blocked + free))
    start = simulation.doom.poses[:, :2].copy()
    first = simulation.step(np.full(6, FORWARD)).rewards["bump"]
    assert (first[3:] == 0).all()
    walked = np.abs(simulation.doom.poses[:, :2] - start).max(axis=1)
    assert (walked[3:] > 0.4 * CELL).all()
    for _ in range(4):
        bumps = simulation.step(np.full(6, FORWARD)).rewards["bump"]
        assert (bumps[:3] == -0.001).all()
    walked = np.abs(simulation.doom.poses[:, :2] - start).max(axis=1)
    assert walked[:3] == pytest.approx((CELL - WALL) / 2 - 16, abs=1), "up to the wall, the player being 32 wide"
    turned = [simulation.step(np.full(6, RIGHT)).rewards["bump"] for _ in range(3)]
    assert not turned[-1].any(), "turning on the spot is no bump"


def test_players_only_go_where_the_maze_has_passages(task: ViewMaze) -> None:
    worlds = choose_worlds(task.worlds, "seen", 8, 0)
    simulation = started(task, worlds)
    rng = np.random.default_rng(0)
    cells = [simulation.cell]
    for _ in range(150):
        simulation.step(rng.choice(3, size=8, p=(0.6, 0.2, 0.2)))
        cells.append(simulation.cell)
    for i, seed in enumerate(worlds.seeds.tolist()):
        grid = walls(seed, 5)
        for before, after in pairwise(cells):
            assert distances(grid, tuple(before[i]))[tuple(after[i])] <= 2
    visited = [len({tuple(cell[i]) for cell in cells}) for i in range(8)]
    assert max(visited) > 5


def test_the_target_pays_one_and_ends_the_episode_and_the_shortest_way_leads_there(task: ViewMaze) -> None:
    simulation = started(task, choose_worlds(task.worlds, "unseen", 8, 0))
    ids, done = np.arange(8), np.zeros(8, dtype=bool)
    left = [simulation.observe()[1][:, -1]]
    for _ in range(150):
        outcome = simulation.step(simulation.shortest_way())
        critic = simulation.observe()[1]
        arrived = critic[:, -1] == 0
        assert np.array_equal(outcome.success, arrived) and not outcome.failure.any()
        assert np.array_equal(outcome.rewards["target"], arrived.astype(float))
        assert np.array_equal(simulation.measure(ids)["success"], arrived.astype(float))
        assert (np.abs(critic[arrived, -5:-3]) <= 0.5 / 5 + 1e-6).all()
        left.append(critic[:, -1])
        done |= arrived
        if done.all():
            break
    assert done.all()
    assert (np.abs(np.diff(left, axis=0)) * 5 <= 2.01).all()
    assert (simulation.measure(ids)["steps"] == len(left) - 1).all()


def test_the_target_is_seen_from_afar_and_through_no_wall(task: ViewMaze) -> None:
    simulation = started(task, worlds_of(seeds_where("target", 4) + seeds_where("wall", 4)))
    count = magenta(simulation.observe()[0])
    assert (count[:4] >= 4).all() and (count[4:] == 0).all()
    simulation.step(np.full(8, FORWARD))
    assert (magenta(simulation.observe()[0])[:4] > count[:4]).all(), "and grows as it comes nearer"


def test_a_full_turn_shows_the_same_again_and_each_part_of_it_something_else(task: ViewMaze) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 3, 0))
    first = simulation.observe()[0][:, :PIXELS]
    views = [first]
    for _ in range(round(360 / TURN)):
        simulation.step(np.full(3, LEFT))
        views.append(simulation.observe()[0][:, :PIXELS])
    differences = np.abs(np.array(views) - first).mean(axis=2)
    assert (differences[-1] < 0.01).all() and (differences[1:-1] > 0.02).all()


def test_a_world_shows_the_same_alone_and_among_others_and_in_each_episode(task: ViewMaze) -> None:
    worlds = choose_worlds(task.worlds, "seen", 5, 0)
    actions = np.random.default_rng(0).integers(3, size=(40, 5))
    together, alone = started(task, worlds, threads=3), started(task, worlds.take([3]), threads=1)
    wanted = course(together, actions)
    for one, other in zip(wanted, course(alone, actions[:, [3]]), strict=True):
        assert np.array_equal(one[3], other[0])
    together.load(np.arange(5), worlds, np.array([1, 2, 4, 0, 3]))
    together.reset(np.arange(5), np.ones(5, dtype=np.int64))
    swapped = course(together, actions[:, [1, 2, 4, 0, 3]])
    assert all(np.array_equal(one[[1, 2, 4, 0, 3]], other) for one, other in zip(wanted, swapped, strict=True))
    assert len(np.unique(wanted[0][:, :PIXELS], axis=0)) == 5


def test_restored_it_goes_on_as_it_would_have(task: ViewMaze) -> None:
    worlds = choose_worlds(task.worlds, "seen", 4, 0)
    actions = np.random.default_rng(0).integers(3, size=(80, 4))
    simulation = started(task, worlds)
    course(simulation, actions[:20])
    simulation.reset(np.array([1, 3]), np.array([1, 1]))
    course(simulation, actions[20:50])
    state, observed = simulation.state(), simulation.observe()
    wanted = course(simulation, actions[50:])
    other = task.simulate(4)
    other.restore(state)
    for one, two in zip(other.observe(), observed, strict=True):
        assert np.array_equal(one, two)
    for one, two in zip(course(other, actions[50:]), wanted, strict=True):
        assert np.array_equal(one, two)


def test_an_action_that_is_none_is_refused(task: ViewMaze) -> None:
    with pytest.raises(ValueError, match="actions are 0 to 2, got 3 to 3"):
        started(task, worlds_of([0])).step(np.array([3]))


@pytest.mark.parametrize("size", [5, 9])
def test_the_wad_holds_every_wall_of_the_layout_with_its_open_side_to_the_right(size: int) -> None:
    grid = walls(3, size)
    (row, column), heading, target = start_and_target(3, size)
    data = maze_wad(grid, (row, column), heading, target, np.zeros(grid.shape, dtype=int))
    lumps = read_wad(data)
    assert list(lumps) == ["MAP01", "TEXTMAP", "ENDMAP"]
    blocks: dict[str, list[dict[str, str]]] = {}
    for kind, body in re.findall(r"(\w+)\{([^}]*)\}", lumps["TEXTMAP"].decode()):
        blocks.setdefault(kind, []).append(dict(field.split("=") for field in body.split(";") if field))
    corners = [np.array((float(v["x"]), float(v["y"]))) for v in blocks["vertex"]]

    def square(point: np.ndarray) -> tuple[int, int]:
        cells = np.array((-point[1], point[0])) / CELL
        near = np.round(cells)
        thin = np.abs(cells - near) * CELL < WALL / 2
        found = np.where(thin, 2 * near, 2 * np.floor(cells) + 1).astype(int)
        return int(found[0]), int(found[1])

    found: Counter[tuple[tuple[int, int], tuple[int, int]]] = Counter()
    for line in blocks["linedef"]:
        first, second = corners[int(line["v1"])], corners[int(line["v2"])]
        along = (second - first) / np.linalg.norm(second - first)
        right = np.array((along[1], -along[0]))
        middle = (first + second) / 2
        found[square(middle + right), square(middle - right)] += 1
    wanted = Counter(
        ((r, c), (r + down, c + along))
        for r, c in np.argwhere(~grid).tolist()
        for down, along in HEADINGS
        if grid[r + down, c + along]
    )
    assert found == wanted
    assert len(blocks["sidedef"]) == len(blocks["linedef"]) and len(blocks["sector"]) == 1
    things = {thing["type"]: (float(thing["x"]), float(thing["y"])) for thing in blocks["thing"]}
    cells = {"1": (row, column), "20000": target}
    assert things == {kind: ((c + 0.5) * CELL, -(r + 0.5) * CELL) for kind, (r, c) in cells.items()}


def read_wad(data: bytes) -> dict[str, bytes]:
    """Lumps by name, as the format's header and directory say."""
    magic, count, directory = struct.unpack_from("<4sii", data)
    assert magic == b"PWAD" and directory + 16 * count == len(data)
    lumps = {}
    for k in range(count):
        start, size, name = struct.unpack_from("<ii8s", data, directory + 16 * k)
        lumps[name.rstrip(b"\0").decode()] = data[start : start + size]
    return lumps


def test_without_vizdoom_one_line_says_what_to_install(task: ViewMaze, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vizdoom", None)
    with pytest.raises(UserError, match=r"need vizdoom, which is not installed; .* pip install 'sim2real\[maze\]'$"):
        task.simulate(1)


def test_gymnasium_makes_it_by_name() -> None:
    env = gymnasium.make("maze/view-9x9", group="both")
    observation, _ = env.reset(seed=0)
    assert {group: rows.shape for group, rows in observation.items()} == {"policy": (3605,), "critic": (3614,)}
    assert env.step(FORWARD)[1] == pytest.approx(-0.04, abs=0.0011)
    env.close()


SCRIPT = """
import numpy as np
from sim2real.tasks import make_task
task = make_task("maze/view-5x5")
simulation = task.simulate(2)
ids = np.arange(2)
simulation.load(ids, task.worlds.sample(np.random.default_rng(0), 2), ids)
simulation.reset(ids, ids)
simulation.step(np.zeros(2, dtype=int))
print(*(game.get_instance_id() for game in simulation.doom._games), flush=True)
"""


def processes_in(folder: Path) -> list[int]:
    """Processes that work below a folder, as Linux lists them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("killed", [False, True])
def test_when_the_program_ends_no_game_and_when_it_ends_well_no_file_is_left(tmp_path: Path, killed: bool) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary with space"
    here.mkdir()
    temporary.mkdir()
    script = SCRIPT + ("import time; time.sleep(60)" if killed else "")
    run = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=here,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    games = run.stdout.readline().split()
    assert len(games) == 2
    if killed:
        assert len(processes_in(temporary)) == 2
        run.kill()
    _, stderr = run.communicate(timeout=20)
    assert (run.returncode, stderr) == (-signal.SIGKILL if killed else 0, "")
    patience = time.monotonic() + 5
    while processes_in(temporary) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not processes_in(temporary)
    assert not list(here.iterdir())
    assert not [path for game in games for path in Path("/dev/shm").glob(f"*{game}")]
    if not killed:
        assert not list(temporary.iterdir())
