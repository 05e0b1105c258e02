"""Terms that write model fields: bodies, geoms, contacts, joints, tendons, actuators, and what the world has one of."""

from randomizers.terms.actuators import ActuatorDamping, ActuatorGain, ForceLimit, MotorStrength
from randomizers.terms.bodies import CenterOfMass, Inertia, Mass, MassSpread
from randomizers.terms.contacts import (
    ContactDampingRatio,
    ContactImpedance,
    ContactTimeConstant,
    ContactWidth,
    Friction,
    RollingFriction,
    SlidingFriction,
    SpinningFriction,
)
from randomizers.terms.joints import (
    Armature,
    FrictionLoss,
    JointDamping,
    JointLimits,
    JointSpringref,
    JointStiffness,
)
from randomizers.terms.medium import Density, Gravity, GravityDirection, TimeStep, Viscosity, Wind
from randomizers.terms.mounts import BodyOrientation, BodyPosition
from randomizers.terms.size import RoundShape, Shape, Size
from randomizers.terms.solver import FrictionCone, FrictionImpedanceRatio, Integrator
from randomizers.terms.stuck_joint import StuckJoint
from randomizers.terms.tendons import TendonDamping, TendonFrictionLoss, TendonRange, TendonStiffness

__all__ = [
    "ActuatorDamping",
    "ActuatorGain",
    "Armature",
    "BodyOrientation",
    "BodyPosition",
    "CenterOfMass",
    "ContactDampingRatio",
    "ContactImpedance",
    "ContactTimeConstant",
    "ContactWidth",
    "Density",
    "ForceLimit",
    "Friction",
    "FrictionCone",
    "FrictionImpedanceRatio",
    "FrictionLoss",
    "Gravity",
    "GravityDirection",
    "Inertia",
    "Integrator",
    "JointDamping",
    "JointLimits",
    "JointSpringref",
    "JointStiffness",
    "Mass",
    "MassSpread",
    "MotorStrength",
    "RollingFriction",
    "RoundShape",
    "Shape",
    "Size",
    "SlidingFriction",
    "SpinningFriction",
    "StuckJoint",
    "TendonDamping",
    "TendonFrictionLoss",
    "TendonRange",
    "TendonStiffness",
    "TimeStep",
    "Viscosity",
    "Wind",
]
