"""delivered_poses: the poses that trackers deliver, where simulated noise acts on what is read from them."""

from __future__ import annotations

import numpy as np

from deploy_robot import PoseTerm, PoseTerms
from deploy_robot.quaternions import conjugate, from_rotation_vector, multiply


def delivered_poses(terms: PoseTerms, truth: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Poses (m, 7) that read as `values` (k,); what these leave open is as in `truth` (m, 7), and so is what is computed.

    Of things that look alike however they are turned about their axis, noise about it is lost: no pose has it. Raises
    ValueError for terms that lead from the same pose to the same pose in two ways.
    """
    poses = truth.copy()
    computed = set(terms.names) - set(terms.tracked)
    _solve(terms, [term for term in terms.terms if term.measure == "offset"], computed, poses[:, :3], values)
    _solve(terms, [term for term in terms.terms if term.measure != "offset"], computed, poses[:, 3:], values)
    return poses


def _solve(
    terms: PoseTerms, pending: list[PoseTerm], computed: set[str], parts: np.ndarray, values: np.ndarray
) -> None:
    """Set the positions, or orientations, of poses (m, 3 or 4) by these terms, one after the other from what is settled, at
    first what is computed."""
    settled = set(computed)
    starts = np.cumsum([0, *(term.size for term in terms.terms)])
    while pending:
        # Where nothing is settled yet, a goal stands where it truly is.
        term = next(
            (term for term in pending if not isinstance(term.start, str) or settled & {term.start, term.end}), None
        )
        if term is None:
            settled.add(pending[0].end)
            continue
        pending.remove(term)
        first = int(starts[terms.terms.index(term)])
        value, end = values[first : first + term.size], terms.names.index(term.end)
        if not isinstance(term.start, str):
            parts[end] = np.array(term.start) + value
            settled.add(term.end)
            continue
        start = terms.names.index(term.start)
        if {term.start, term.end} <= settled:
            raise ValueError(f"{term.name}: {term.start!r} and {term.end!r} follow from other terms already")
        if term.start in settled:
            parts[end] = _onward(term, parts[start], value)
        else:
            parts[start] = _onward(term, parts[end], value, back=True)
        settled |= {term.start, term.end}


def _onward(term: PoseTerm, part: np.ndarray, value: np.ndarray, back: bool = False) -> np.ndarray:
    """The other end of a term, from one end's position (3,) or orientation (4,) and the term's value."""
    if term.measure == "offset":
        return part - value if back else part + value
    rotation = value if term.measure == "quaternion" else from_rotation_vector(value)
    return multiply(conjugate(rotation) if back else rotation, part)
