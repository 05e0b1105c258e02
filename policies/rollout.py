"""What one rollout of all worlds holds, the advantages computed from it, and its cut into segments."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass
class Rollout:
    """T steps of n worlds, time first, and the k steps before them (burn-in). Two masks, never one `done`.

    Segments of L steps divide the T steps into S; memory is kept from k steps before each of them.
    """

    policy_observation: torch.Tensor
    """(k + T, n, p) float32."""
    critic_observation: torch.Tensor
    """(k + T, n, c) float32."""
    memory_reset: torch.Tensor
    """(k + T, n) bool: memory was cleared before this step (a trial began)."""
    action: torch.Tensor
    """(T, n, a) float32, or (T, n, ...) int64 for discrete actions."""
    log_probability: torch.Tensor
    """(T, n): of the action when it was taken."""
    value: torch.Tensor
    """(T, n): in units of reward."""
    reward: torch.Tensor
    """(T, n): with the bootstrapped value of the true last observation added where a time limit cut the return."""
    value_cut: torch.Tensor
    """(T, n) bool: no return flows back over the end of this step."""
    actor_memory: torch.Tensor
    """(S, n, gates, H): before step s * L of the k + T, as it was when collected."""
    critic_memory: torch.Tensor
    """(S, n, gates, H), likewise."""
    last_value: torch.Tensor
    """(n,): of what follows the last step."""

    def advantages(self, gamma: float, gae_lambda: float) -> torch.Tensor:
        """Generalised advantage estimates (T, n), arXiv 1506.02438."""
        advantage = torch.zeros_like(self.value)
        carried = torch.zeros_like(self.last_value)
        following = self.last_value
        flows = (~self.value_cut).float()
        for t in reversed(range(len(self.value))):
            error = self.reward[t] + gamma * following * flows[t] - self.value[t]
            carried = error + gamma * gae_lambda * flows[t] * carried
            advantage[t] = carried
            following = self.value[t]
        return advantage

    def returns(self, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Discounted returns (T, n) of which no value is part, and where (T, n) they are known to their end."""
        returns = torch.zeros_like(self.reward)
        known = torch.zeros_like(self.value_cut)
        carried, ended = torch.zeros_like(self.last_value), torch.zeros_like(self.value_cut[0])
        for t in reversed(range(len(self.reward))):
            cut = self.value_cut[t]
            carried = self.reward[t] + gamma * torch.where(cut, 0.0, carried)
            ended = ended | cut
            returns[t], known[t] = carried, ended
        return returns, known


def in_segments(values: torch.Tensor, segments: int) -> torch.Tensor:
    """(T, n, ...) -> (L, S * n, ...): the S segments of every world side by side, those of the first segment first."""
    if segments == 1:
        return values
    length = len(values) // segments
    shaped = values.reshape(segments, length, *values.shape[1:]).transpose(0, 1)
    return shaped.reshape(length, segments * values.shape[1], *values.shape[2:])


def before_segments(values: torch.Tensor, segments: int, burn_in: int) -> torch.Tensor:
    """(k + T, n, ...) -> (k, S * n, ...): the k steps before each segment, in the same order."""
    length = (len(values) - burn_in) // segments
    return torch.cat([values[s * length : s * length + burn_in] for s in range(segments)], dim=1)
