from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np
import pytest

from sim2real.simulation.batch_sim import BatchSim

TABLE = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep=".005" integrator="implicitfast"/>
  <worldbody>
    <geom name="table" type="plane" size="1 1 .1"/>
    <body name="upper" pos="0 0 .25">
      <joint name="shoulder" axis="0 1 0" range="-2 2" limited="true" damping=".1" armature=".01"/>
      <geom name="upper" type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".3"/>
      <body name="fore" pos=".2 0 0">
        <joint name="elbow" axis="0 1 0" range="-2 2" limited="true" damping=".1" armature=".01"/>
        <geom name="fore" type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass="{fore_mass}"/>
        <site name="tip" pos=".2 0 0"/>
      </body>
    </body>
    <body name="box" pos=".2 0 .05">
      <freejoint name="box"/>
      <geom name="box" type="box" size=".04 .03 .05" mass="{box_mass}" friction=".8 .005 .0001"/>
    </body>
  </worldbody>
  <actuator>
    <position name="shoulder" joint="shoulder" kp="20" kv="1" ctrlrange="-2 2"/>
    <position name="elbow" joint="elbow" kp="10" kv=".5" ctrlrange="-2 2"/>
  </actuator>
</mujoco>
"""
MASSES = ("body_mass", "body_inertia")
DERIVED = ("body_subtreemass", "body_invweight0", "dof_invweight0", "dof_M0", "actuator_acc0")
STEPS, SUBSTEPS = 40, 4


def table(fore_mass: float = 0.2, box_mass: float = 0.1) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(TABLE.format(fore_mass=fore_mass, box_mass=box_mass))


def start_state(model: mujoco.MjModel, number: int) -> tuple[np.ndarray, np.ndarray]:
    """A pose of the arm and a spin of the box, for the world of that number."""
    rng = np.random.default_rng(number)
    qpos, qvel = model.qpos0.copy(), np.zeros(model.nv)
    qpos[:2] = rng.uniform(-0.5, 1.0, 2)
    qvel[5:] = rng.normal(0.0, 3.0, 3)
    return qpos, qvel


def controls(number: int) -> np.ndarray:
    """(STEPS, 2): makes the arm of the world of that number hit the box."""
    targets = np.random.default_rng(100 + number).uniform((0.3, -0.5), (1.3, 0.8), (STEPS // 10, 2))
    return targets.repeat(10, axis=0)


def started(numbers: Iterable[int] = range(7), threads: int = 1, fields: Iterable[str] = (), **options) -> BatchSim:
    numbers = list(numbers)
    sim = BatchSim(table(), len(numbers), threads, fields, **options)
    put(sim, np.arange(len(numbers)), numbers)
    return sim


def put(sim: BatchSim, rows: np.ndarray, numbers: Iterable[int]) -> None:
    qpos, qvel = map(np.array, zip(*(start_state(sim.model, number) for number in numbers), strict=True))
    sim.reset(rows, qpos, qvel, qpos[:, :2])


def run(sim: BatchSim, numbers: Iterable[int] = range(7), steps: slice = slice(None)) -> np.ndarray:
    """States (steps, worlds, nq + nv) under each world's own controls."""
    course = []
    for ctrl in np.stack([controls(number) for number in numbers], axis=1)[steps]:
        sim.ctrl[:] = ctrl
        assert not sim.step(SUBSTEPS).any()
        course.append(np.concatenate((sim.qpos, sim.qvel), axis=1))
    return np.array(course)


def run_plain(model: mujoco.MjModel, number: int) -> np.ndarray:
    """The same course (steps, nq + nv) of one world by MuJoCo itself."""
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = start_state(model, number)
    data.ctrl[:] = data.qpos[:2]
    mujoco.mj_forward(model, data)
    course = []
    for ctrl in controls(number):
        data.ctrl[:] = ctrl
        for _ in range(SUBSTEPS):
            mujoco.mj_step(model, data)
        course.append(np.concatenate((data.qpos, data.qvel)))
    return np.array(course)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_world_moves_as_mujoco_alone_moves_it_at_any_number_of_threads(threads: int) -> None:
    course = run(started(threads=threads))
    assert np.ptp(course[:, :, 2:5], axis=0).max(axis=1).min() > 0.01, "every arm hit its box"
    for number in range(7):
        assert np.array_equal(course[:, number], run_plain(table(), number))


def test_a_world_alone_moves_as_it_does_among_others() -> None:
    among = run(started())
    assert np.array_equal(run(started([4]), [4])[:, 0], among[:, 4])
    assert np.array_equal(run(started([6, 4, 0]), [6, 4, 0]), among[:, [6, 4, 0]])


def test_as_many_threads_are_used_as_asked_for() -> None:
    assert [BatchSim(table(), 4, threads).threads for threads in (1, 2, 3)] == [1, 2, 3]


def test_loaded_worlds_move_as_freshly_compiled_models_and_the_others_as_before() -> None:
    sim = started(fields=MASSES)
    heavy = table(fore_mass=0.6, box_mass=0.5)
    sim.load(np.array([5, 2]), {name: np.stack([getattr(heavy, name)] * 2) for name in MASSES}, recompute=True)
    put(sim, np.array([5, 2]), [5, 2])
    course = run(sim)
    for number in range(7):
        assert np.array_equal(course[:, number], run_plain(heavy if number in (2, 5) else table(), number))


def test_load_writes_each_row_to_its_world_and_no_other() -> None:
    sim = BatchSim(table(), 4, fields=("body_mass", "gravity"))
    mass, gravity = sim.fields["body_mass"].copy(), sim.fields["gravity"].copy()
    sim.load(np.array([3, 1]), {"body_mass": np.stack((mass[0] * 3, mass[0] * 2))}, recompute=False)
    assert np.array_equal(sim.fields["body_mass"], mass * np.array([[1], [2], [1], [3]]))
    assert np.array_equal(sim.fields["gravity"], gravity)


@pytest.mark.parametrize("recompute", [True, False])
def test_only_recompute_derives_the_constants_of_a_freshly_compiled_model(recompute: bool) -> None:
    sim = BatchSim(table(), 3, fields=MASSES + DERIVED)
    light, heavy = table(), table(fore_mass=0.6, box_mass=0.5)
    sim.load(np.array([1]), {name: getattr(heavy, name)[None] for name in MASSES}, recompute)
    for name in DERIVED:
        assert not np.array_equal(getattr(light, name), getattr(heavy, name)), f"{name} depends on the masses"
        wanted = heavy if recompute else light
        assert np.array_equal(sim.fields[name][1], getattr(wanted, name)), name
        assert np.array_equal(sim.fields[name][[0, 2]], np.stack([getattr(light, name)] * 2)), name


def test_the_base_model_is_not_written_to() -> None:
    model = table()
    sim = BatchSim(model, 2, fields=("body_mass",))
    sim.load(np.arange(2), {"body_mass": np.full((2, model.nbody), 7.0)}, recompute=True)
    assert np.array_equal(model.body_mass, table().body_mass)


@pytest.mark.parametrize(
    ("field", "value"), [("qpos", np.nan), ("qpos", np.inf), ("qvel", 1e13), ("qvel", 1000.0), ("ctrl", np.nan)]
)
def test_a_poisoned_world_is_told_and_counted_and_its_neighbours_never_notice(
    field: str, value: float, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo logs its warning
    sim, healthy = started(threads=2), started(threads=2)
    others = np.arange(7) != 3
    for ctrl in np.stack([controls(number) for number in range(7)], axis=1)[:10]:
        sim.ctrl[:], healthy.ctrl[:] = ctrl, ctrl
        getattr(sim, field)[3, -1] = value
        assert sim.step(SUBSTEPS).tolist() == (~others).tolist()
        assert not healthy.step(SUBSTEPS).any()
        assert np.array_equal(sim.state()[others], healthy.state()[others])
        put(sim, np.array([3]), [3])
    assert (sim.diverged_steps, healthy.diverged_steps) == (10, 0)


def test_a_world_that_diverged_and_was_reset_goes_on_as_new(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    sim = started()
    sim.qpos[3, 0] = np.nan
    assert sim.step(SUBSTEPS)[3]
    put(sim, np.arange(7), range(7))
    assert np.array_equal(run(sim), run(started()))


def test_the_speed_limit_is_a_choice() -> None:
    slow, fast = started(speed_limit=1.0), started()
    assert slow.step(1).any()
    assert not fast.step(1).any()


def test_reset_clears_time_and_forces_of_its_rows_only() -> None:
    sim = started()
    time, force = sim.bind("time"), sim.xfrc_applied
    force[:, 3, 2] = 1.0
    sim.step(SUBSTEPS)
    force[:, 3, 2] = 1.0
    put(sim, np.array([6, 1]), [6, 1])
    rows = np.isin(np.arange(7), (1, 6))
    assert (time.ravel() == 0.0).tolist() == rows.tolist()
    assert (force == 0.0).all(axis=(1, 2)).tolist() == rows.tolist()
    force[:] = 0.0
    assert np.array_equal(run(sim)[:, rows], run(started())[:, rows])


def test_reset_brings_the_derived_fields_up_to_date() -> None:
    sim = started()
    tips = sim.bind("site_xpos")
    run(sim)
    put(sim, np.array([2]), [2])
    data = mujoco.MjData(table())
    data.qpos[:], data.qvel[:] = start_state(table(), 2)
    mujoco.mj_forward(table(), data)
    assert np.array_equal(tips[2], data.site_xpos)


def test_a_restored_simulation_goes_on_bit_for_bit() -> None:
    sim = started(fields=MASSES)
    sim.load(np.array([2]), {"body_mass": table(box_mass=0.5).body_mass[None]}, recompute=True)
    run(sim, steps=slice(15))
    state = sim.state()
    expected = run(sim, steps=slice(15, None))

    fresh = BatchSim(table(), 7, threads=2, fields=MASSES)
    fresh.load(np.arange(7), {name: sim.fields[name].copy() for name in MASSES}, recompute=True)
    for restored in (fresh, sim):
        restored.restore(state)
        assert np.array_equal(restored.state(), state)
        assert np.array_equal(run(restored, steps=slice(15, None)), expected)


def test_a_state_is_a_copy() -> None:
    sim = started()
    state = sim.state()
    kept = state.copy()
    run(sim)
    assert np.array_equal(state, kept)


def test_restoring_a_whole_state_forgets_that_a_world_had_diverged(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    sim = started()
    state = sim.state()
    sim.qpos[3, 0] = np.nan
    assert sim.step(SUBSTEPS)[3]
    sim.restore(state)
    assert np.array_equal(run(sim), run(started()))
