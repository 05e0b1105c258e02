"""chain_of: a tool's chain of links, out of a model."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco

from deploy_robot.kinematics import Chain, Link

_HINGE, _SLIDE = int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE)


def chain_of(model: mujoco.MjModel, name: str, site: str, joints: Sequence[str]) -> Chain | None:
    """The chain that leads to a site, moved by `joints`, which are measured; None where another moves it, as its place cannot
    be known then."""
    tool = model.site(site)
    links = [Link(tuple(tool.pos), tuple(tool.quat))]
    body = int(tool.bodyid[0])
    while body:
        first, count = int(model.body_jntadr[body]), int(model.body_jntnum[body])
        moved = []
        for joint in range(first, first + count):
            joint_name, kind = model.joint(joint).name, int(model.jnt_type[joint])
            if joint_name not in joints or kind not in (_HINGE, _SLIDE):
                return None
            moved.append(
                Link(
                    joint=joint_name,
                    motion="slide" if kind == _SLIDE else "hinge",
                    axis=tuple(model.jnt_axis[joint]),
                    anchor=tuple(model.jnt_pos[joint]),
                    zero=float(model.qpos0[model.jnt_qposadr[joint]]),
                )
            )
        links = [Link(tuple(model.body_pos[body]), tuple(model.body_quat[body])), *moved, *links]
        body = int(model.body_parentid[body])
    return Chain(name, tuple(links))
