"""Random network adversary: a network of random weights that watches the world and disturbs it (arXiv 1910.07113)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.force import HeavyBodyTerm
from randomizers.channels.setting_term import ActionTerm
from randomizers.settings import Setting
from randomizers.streams import episode_generator
from randomizers.target import Selection, Target

HIDDEN = 32
"""Hidden units."""
LEVELS = 11
"""Values that each output can take, evenly from -1 to 1; as many as Dactyl's actions have."""
LENGTH = 0.02
"""Way of the object [m] that weighs as much as an angle of one radian."""
_BITS = 24
"""Bits of randomness in a uniform of single precision."""


class RandomNetworks:
    """n networks (n, inputs) -> (n, outputs), each with weights of its own; one row depends on itself alone.

    What is known: weights are drawn anew in every episode and never trained; outputs are picked from discrete values by
    the largest of their logits, since with continuous ones they would be near 0 all the time (arXiv 1910.07113, appendix
    B.3, as quoted by the authors of DeXtreme, arXiv 2210.13702, in their code, whose network sees joint angles and the
    object's pose). Inferred: `LEVELS`, one hidden layer of `HIDDEN` rectified units, how inputs are scaled, and weights of
    variance 2 / fan-in with a constant input instead of biases.
    """

    def __init__(self, n: int, inputs: int, outputs: int) -> None:
        self._in = np.zeros((n, inputs + 1, HIDDEN), np.float32)
        self._out = np.zeros((n, HIDDEN, outputs * LEVELS), np.float32)
        self._inputs = np.ones((n, 1, inputs + 1), np.float32)

    def draw(self, row: int, seed: int) -> None:
        """New weights for a row, decided by `seed` alone."""
        rng = episode_generator(seed, 0)
        for weights in (self._in[row], self._out[row]):
            rng.standard_normal(dtype=np.float32, out=weights)
            weights *= np.float32((2.0 / len(weights)) ** 0.5)

    def answer(self, *inputs: np.ndarray) -> np.ndarray:
        """Outputs (n, outputs), numbers from -1 to 1, to inputs (n, ...) side by side."""
        np.concatenate(inputs, axis=1, out=self._inputs[:, 0, :-1], casting="same_kind")
        hidden = np.maximum(self._inputs @ self._in, np.float32(0.0))
        chosen = (hidden @ self._out).reshape(len(hidden), -1, LEVELS).argmax(axis=2)
        return chosen * (2.0 / (LEVELS - 1)) - 1.0


class _Adversary(Effect):
    """Watches joint angles and the object's pose, which is where it began the episode to the network."""

    uniforms = ("world", 2)
    wants = ("joint_position", "object_pose")

    @abstractmethod
    def outputs(self) -> int:
        """How many outputs it needs."""

    def prepare(self) -> None:
        n = self.site.n
        self.memory = {"seed": np.zeros(n, np.uint64), "origin": np.zeros((n, 3))}

    @cached_property
    def _networks(self) -> RandomNetworks:
        # Not before the first step: only then is there a simulation to ask.
        joints = self.site.sources["joint_position"]().shape[1]
        return RandomNetworks(self.site.n, joints + 7, self.outputs())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["seed"][rows] = 0
        return signal

    def restore(self, state: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        super().restore(state)
        for row in np.flatnonzero(self.memory["seed"]).tolist():
            self._networks.draw(row, int(self.memory["seed"][row]))

    def disturbance(self, uniforms: np.ndarray) -> np.ndarray:
        """What it does now (n, outputs), from -1 to 1. The first of an episode draws the weights by its `uniforms`."""
        pose, seed, origin = self.site.sources["object_pose"](), self.memory["seed"], self.memory["origin"]
        for row in np.flatnonzero(seed == 0).tolist():
            high, low = (uniforms[row] * 2**_BITS).astype(np.uint64).tolist()
            # Never 0, which stands for none.
            seed[row] = 1 << (2 * _BITS) | high << _BITS | low
            self._networks.draw(row, int(seed[row]))
            origin[row] = pose[row, :3]
        way = (pose[:, :3] - origin) / LENGTH
        # A quaternion and its opposite are the same orientation.
        turned = np.where(pose[:, 3:4] < 0.0, -pose[:, 3:], pose[:, 3:])
        return self._networks.answer(self.site.sources["joint_position"](), way, turned)


class AdversaryAction(ActionTerm):
    """Share of the adversary in the actions: a' = (1 - share) a + share x adversary, whose own actions go all over the
    range of the controls (arXiv 1910.07113)."""

    kind = "adversary_action"
    unit = "1"
    fields = ("adversary_action",)
    highest = 1.0

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if not target.model.actuator_ctrllimited[actuator]:
                raise self.refuse(name, "its control has no range for the adversary to act in")
        super().check(target, selection)


class MixAdversary(_Adversary):
    """Mixes actions with those of the adversary."""

    settings = {"adversary_action": Setting("action")}

    def outputs(self) -> int:
        return self.site.target.actions

    def prepare(self) -> None:
        super().prepare()
        model = self.site.target.model
        low, high = model.actuator_ctrlrange.T
        self._middle, self._half = (low + high) / 2, (high - low) / 2

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        share = self.rows["adversary_action"]
        return (1.0 - share) * signal + share * (self._middle + self._half * self.disturbance(uniforms))


class AdversaryForce(HeavyBodyTerm):
    """Greatest force of the adversary along each axis, as the acceleration of the body, m/s^2. The paper's adversary acts
    through the actions; that it pushes is this project's own."""

    kind = "adversary_force"
    unit = "m/s^2"
    fields = ("adversary_force",)


class PushByAdversary(_Adversary):
    """Adds the adversary's forces [N] to wrenches (n, b, 6)."""

    settings = {"adversary_force": Setting("body")}

    def outputs(self) -> int:
        return 3 * len(self.site.bodies)

    def prepare(self) -> None:
        super().prepare()
        self.memory["strength"] = np.zeros((self.site.n, len(self.site.bodies)))

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        super().load(rows, settings)
        masses = settings["body_mass"] if "body_mass" in settings else self.site.target.model.body_mass[None]
        self.memory["strength"][rows] = self.rows["adversary_force"][rows] * masses[:, self.site.bodies]

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        pushed = signal.copy()
        force = self.disturbance(uniforms).reshape(*signal.shape[:2], 3)
        pushed[..., :3] += force * self.memory["strength"][..., None]
        return pushed
