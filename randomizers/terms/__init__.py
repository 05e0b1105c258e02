"""Terms that write model fields: bodies, contacts, joints, actuators, and what the world has one of."""

from randomizers.terms.actuators import ActuatorDamping, ActuatorGain
from randomizers.terms.bodies import Mass
from randomizers.terms.contacts import Friction
from randomizers.terms.joints import Armature, FrictionLoss, JointDamping, JointLimits
from randomizers.terms.medium import Gravity
from randomizers.terms.size import Size
from randomizers.terms.solver import FrictionCone, FrictionImpedanceRatio, Integrator

__all__ = [
    "ActuatorDamping",
    "ActuatorGain",
    "Armature",
    "Friction",
    "FrictionCone",
    "FrictionImpedanceRatio",
    "FrictionLoss",
    "Gravity",
    "Integrator",
    "JointDamping",
    "JointLimits",
    "Mass",
    "Size",
]
