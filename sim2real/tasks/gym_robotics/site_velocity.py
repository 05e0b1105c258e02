"""SiteVelocity: how fast a site moves, as the original computes it."""

from __future__ import annotations

import numpy as np

from sim2real.simulation.batch_sim import BatchSim


class SiteVelocity:
    """A site's velocity from its Jacobian at the last forward kinematics and the speeds of now.

    After a step the two are a substep apart, as they are where the original calls `mj_jacSite`.
    """

    def __init__(self, sim: BatchSim, site: str) -> None:
        model = sim.model
        self._sim = sim
        self._site = model.site(site).id
        body = int(model.site_bodyid[self._site])
        self._root = int(model.body_rootid[body])
        dofs: list[int] = []
        while body:
            first = int(model.body_dofadr[body])
            dofs = [*range(first, first + int(model.body_dofnum[body])), *dofs]
            body = int(model.body_parentid[body])
        self._dofs = np.array(dofs)
        self._axes = sim.bind("cdof")
        self._centers = sim.bind("subtree_com")
        self._places = sim.bind("site_xpos")

    def read(self, rows: slice | np.ndarray) -> np.ndarray:
        """Linear [m/s] and angular [rad/s] velocity (m, 6) in world axes of these worlds."""
        speeds = self._sim.qvel[rows][:, self._dofs]
        motion = (self._axes[rows][:, self._dofs] * speeds[..., None]).sum(axis=1)
        angular, linear = motion[:, :3], motion[:, 3:]
        lever = self._places[rows, self._site] - self._centers[rows, self._root]
        return np.concatenate((linear + np.cross(angular, lever), angular), axis=1)
