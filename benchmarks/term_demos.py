"""How each kind of term is demonstrated: on what, with which values, and what must be there beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from randomizers import (
    TERMS,
    Choice,
    Fixed,
    ForceAcceleration,
    ForceProbability,
    JitterPersistence,
    MarkerLoss,
    PayloadMass,
    PayloadTime,
    PoseInjection,
    PoseInjectionRange,
    PushImpulse,
    PushRate,
    Target,
    Term,
    TiltAngle,
    TiltRate,
    TimeStep,
    TorqueAcceleration,
    TorqueProbability,
    TwoSidedJitterRate,
    WorldDistribution,
    Worlds,
)

SEED = 5


@dataclass(frozen=True)
class Demo:
    """One kind in the nominal world and in one or two others."""

    values: tuple[float, ...]
    """What it is there, in the term's unit or as a factor."""
    on: str = ""
    """What it acts on."""
    operation: str = ""
    """Empty for the kind's default."""
    part: str = ""
    """The part that takes the values while the others stay nominal; empty for all of them."""
    shows: str = ""
    """The signal to be seen; empty for the one that differs most from the nominal world's."""
    called: tuple[str, ...] = ()
    """What its values stand for, that of the nominal world first; empty where they say it themselves."""
    beside: tuple[Term, ...] = ()
    """Terms with one value each, which they have in all worlds, the nominal one included."""

    def term(self, kind: str) -> Term:
        """The term itself."""
        return TERMS[kind](kind, Choice(self.values), on=self.on or (), operation=self.operation)

    def worlds(self, kind: str, target: Target) -> tuple[WorldDistribution, Worlds]:
        """Where the worlds are from, and the worlds themselves, the nominal one first; chance is the same in all."""
        term = self.term(kind)
        distribution = WorldDistribution((term, *self.beside), target)
        values = np.tile(distribution.nominal().values, (1 + len(self.values), 1))
        columns = distribution.drawing.columns
        for column, name in enumerate(distribution.names):
            if column in range(values.shape[1])[columns[kind]] and name.endswith(f"{self.part}]" if self.part else ""):
                values[1:, column] = self.values
        for other in self.beside:
            values[:, columns[other.name]] = other.distribution.bounds[0]
        return distribution, Worlds(distribution.names, values, np.full(len(values), SEED, np.uint64))

    def labels(self, kind: str, target: Target) -> list[str]:
        """What the worlds are called: the nominal one with its number where that is set."""
        term = self.term(kind)
        unit = term.parameter_unit(target, term.select(target))
        unit = unit[1:] if unit.startswith("1") else f" {unit}"
        part = f"{self.part} " if self.part else ""
        if term.operation == "scale":
            return ["nominal", *(f"{part}× {value:g}" for value in self.values)]
        if term.operation == "add" and not self.called:
            return ["nominal", *(f"{part}{value:+g}{unit}" for value in self.values)]
        distribution, worlds = self.worlds(kind, target)
        changed = [name for name in distribution.names if (worlds.column(name) != worlds.column(name)[0]).any()]
        written = [f"{part}{value:g}{unit}" for value in worlds.column(changed[0])]
        if self.called:
            written = [f"{number}, {name}" for number, name in zip(written, self.called, strict=True)]
        return [f"{written[0]} (nominal)", *written[1:]]

    @property
    def setting(self) -> str:
        """What it acts on, and what is there beside it, a line each."""
        lines = [f"on {self.on}"] if self.on else []
        for other in self.beside:
            factor = "× " if other.operation == "scale" else ""
            lines.append(f"{other.kind} {factor}{other.distribution.bounds[0]:g}")
        return "\n".join(lines)


_BODIES = {
    "mass": Demo((0.4, 2.5), "fore"),
    "inertia": Demo((0.85, 1.15), "bar", part="x"),
    "mass_spread": Demo((0.5, 2.0), "bar", part="x"),
    "center_of_mass": Demo((-0.12, 0.12), "fore", part="x"),
    "size": Demo((0.6, 1.5), "ball"),
    "shape": Demo((0.5, 1.4), "box", part="z"),
    "round_shape": Demo((0.6, 1.5), "roller", part="radius"),
    "body_position": Demo((-0.1, 0.1), "base", part="z"),
    "body_orientation": Demo((-0.3, 0.3), "base", part="y"),
}
_CONTACTS = {
    "friction": Demo((0.5, 2.0), "box"),
    "sliding_friction": Demo((0.2, 0.8), "box", "set"),
    "spinning_friction": Demo((0.4, 2.5), "top"),
    "rolling_friction": Demo((0.3, 3.0), "roller"),
    "contact_time_constant": Demo((0.02, 0.08), "ball", "set"),
    "contact_damping_ratio": Demo((0.1, 1.0), "ball", "set"),
    "contact_impedance": Demo((0.5, 0.99), "block", "set"),
    "contact_width": Demo((0.02, 0.1), "ball", "set"),
}
_JOINTS = {
    "joint_damping": Demo((0.3, 10.0), "elbow"),
    "friction_loss": Demo((0.3, 30.0), "elbow"),
    "armature": Demo((0.3, 10.0), "elbow"),
    "joint_stiffness": Demo((0.0, 5.0), "shoulder"),
    "joint_springref": Demo((-1.0, 1.0), "shoulder"),
    "joint_limits": Demo((-0.5, -0.35), "elbow", part="high"),
    "stuck_joint": Demo((1.0,), "elbow", called=("moves", "stuck")),
    "tendon_range": Demo((-0.6, -0.3), "cable", part="high"),
    "tendon_stiffness": Demo((5.0, 20.0), "cable"),
    "tendon_damping": Demo((5.0, 20.0), "cable"),
    "tendon_friction_loss": Demo((10.0, 50.0), "cable"),
}
_ACTUATORS = {
    "actuator_gain": Demo((0.4, 2.5), "elbow"),
    "actuator_damping": Demo((0.0, 5.0), "elbow"),
    "force_limit": Demo((0.2, 0.4), "elbow"),
    "motor_strength": Demo((0.3, 0.6), "*"),
    "dead_zone": Demo((0.05, 0.2), "elbow"),
    "no_load_speed": Demo((1.0, 3.0), "elbow"),
}
_MEDIUM = {
    "gravity": Demo((-3.0, 3.0), part="z", shows="height of the ball"),
    "gravity_direction": Demo((-0.05, 0.05), part="y", shows="x of the roller"),
    "timestep": Demo((0.8, 1.2), shows="height of the ball"),
    "density": Demo((0.0, 5.0)),
    "viscosity": Demo((0.003, 0.02)),
    "wind": Demo((-2.0, 2.0), part="x"),
    "integrator": Demo(
        (0.0, 2.0),
        shows="tilt of the bar",
        called=("implicitfast", "euler", "implicit"),
        beside=(TimeStep("step", Fixed(2.5)),),
    ),
    "friction_cone": Demo((1.0,), called=("pyramidal", "elliptic")),
    "friction_impedance_ratio": Demo((0.2, 10.0), shows="x of the block on the ramp"),
}
_ACTIONS = {
    "action_factor": Demo((0.5, 1.5), "elbow"),
    "action_factor_noise": Demo((0.3, 1.0), "shoulder"),
    "action_offset": Demo((-0.1, 0.2), "shoulder"),
    "action_offset_share": Demo((-0.05, 0.1), "shoulder"),
    "action_noise": Demo((0.02, 0.1), "shoulder"),
    "action_noise_share": Demo((0.01, 0.05), "shoulder"),
    "action_smoothing": Demo((0.3, 0.8), "elbow"),
    "backlash": Demo((0.05, 0.15), "shoulder"),
    "tendon_slack": Demo((0.01, 0.05), "elbow"),
}
_TIMING = {
    "action_delay": Demo((1.0, 3.0), "shoulder"),
    "action_delay_time": Demo((0.06, 0.13), "shoulder", shows="shoulder"),
    "skipped_tick": Demo((0.3, 0.7), shows="command of the shoulder"),
    "timestep_jitter": Demo((0.0005, 0.002)),
    "timestep_jitter_rate": Demo((500.0, 2000.0)),
    "two_sided_jitter_rate": Demo((500.0, 2000.0), beside=(JitterPersistence("persistence", Fixed(0.8)),)),
    "jitter_persistence": Demo((0.5, 0.95), beside=(TwoSidedJitterRate("rate", Fixed(1000.0)),)),
}
_SENSING = {
    "observation_scale": Demo((0.8, 1.2), "joint_angle"),
    "observation_bias": Demo((-0.1, 0.2), "joint_angle"),
    "observation_noise": Demo((0.02, 0.1), "joint_angle"),
    "observation_quantum": Demo((0.1, 0.3), "joint_angle"),
    "observation_drift": Demo((0.05, 0.2), "joint_angle"),
    "observation_trend": Demo((-0.05, 0.1), "joint_angle"),
    "observation_delay": Demo((2.0, 4.0), "joint_angle"),
    "observation_dropout": Demo((0.3, 0.7), "shoulder"),
    "held_frame": Demo((0.3, 0.7)),
    "sensor_period": Demo((3.0, 6.0), "shoulder"),
    "marker_occlusion": Demo((0.4, 0.5), "tip"),
    "marker_loss": Demo((1.0, 3.0), "tip"),
    "marker_loss_time": Demo((0.2, 0.5), "tip", beside=(MarkerLoss("loss", Fixed(2.0), on="tip"),)),
    "pose_injection": Demo((0.1, 0.3), "tip", beside=(PoseInjectionRange("range", Fixed(0.2), on="tip"),)),
    "pose_injection_range": Demo((0.1, 0.2), "tip", beside=(PoseInjection("chance", Fixed(0.1), on="tip"),)),
    "missing_sensor": Demo((1.0,), "shoulder", called=("there", "missing")),
    "swapped_sensors": Demo((1.0,), "joint_angle", called=("none", "shoulder and elbow")),
}
_DISTURBANCE = {
    "force_probability": Demo((0.1, 0.3), "box", beside=(ForceAcceleration("size", Fixed(1.0), on="box"),)),
    "force_acceleration": Demo((0.5, 1.5), "box", beside=(ForceProbability("chance", Fixed(0.2), on="box"),)),
    "torque_probability": Demo((0.1, 0.3), "box", beside=(TorqueAcceleration("size", Fixed(5.0), on="box"),)),
    "torque_acceleration": Demo((2.0, 8.0), "box", beside=(TorqueProbability("chance", Fixed(0.2), on="box"),)),
    "push_rate": Demo((2.0, 6.0), "box", beside=(PushImpulse("size", Fixed(0.05), on="box"),)),
    "push_impulse": Demo((0.02, 0.05), "box", beside=(PushRate("rate", Fixed(3.0), on="box"),)),
    "push_duration": Demo(
        (0.1, 0.3),
        "box",
        beside=(PushImpulse("size", Fixed(0.05), on="box"), PushRate("rate", Fixed(3.0), on="box")),
    ),
    "payload_mass": Demo((0.3, 0.8), "fore", beside=(PayloadTime("time", Fixed(1.0), on="fore"),)),
    "payload_time": Demo((0.5, 1.2), "fore", beside=(PayloadMass("load", Fixed(0.6), on="fore"),)),
    "tilt_angle": Demo((0.1, 0.3), beside=(TiltRate("rate", Fixed(0.5)),), shows="gravity along x"),
    "tilt_rate": Demo((0.5, 1.0), beside=(TiltAngle("angle", Fixed(0.2)),), shows="gravity along x"),
    "adversary_action": Demo((0.2, 0.5), "*"),
    "adversary_force": Demo((1.0, 3.0), "box"),
}

DEMOS = _BODIES | _CONTACTS | _JOINTS | _ACTUATORS | _MEDIUM | _ACTIONS | _TIMING | _SENSING | _DISTURBANCE
"""Kinds that act on physics, actions or observations, in the scene of `term_scene`."""
