"""What one rollout of all worlds holds, and the advantages computed from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass
class Rollout:
    """T steps of n worlds, time first. Two masks, never one `done`."""

    policy_observation: torch.Tensor
    """(T, n, p) float32."""
    critic_observation: torch.Tensor
    """(T, n, c) float32."""
    action: torch.Tensor
    """(T, n, a) float32, or (T, n) int64 for discrete actions."""
    log_probability: torch.Tensor
    """(T, n): of the action when it was taken."""
    value: torch.Tensor
    """(T, n): in units of reward."""
    reward: torch.Tensor
    """(T, n): with the bootstrapped value of the true last observation added where a time limit cut the return."""
    memory_reset: torch.Tensor
    """(T, n) bool: memory was cleared before this step (a trial began)."""
    value_cut: torch.Tensor
    """(T, n) bool: no return flows back over the end of this step."""
    actor_memory: torch.Tensor
    """(n, gates, H) before the first step, as the rollout found it."""
    critic_memory: torch.Tensor
    """(n, gates, H), likewise."""

    @classmethod
    def empty(cls, steps: int, worlds: int, policy: int, critic: int, action: torch.Tensor) -> Rollout:
        """Room for `steps` of `worlds`; `action` is an example (n, ...) whose shape and type are kept."""
        flat = (steps, worlds)
        return cls(
            policy_observation=torch.zeros(*flat, policy),
            critic_observation=torch.zeros(*flat, critic),
            action=torch.zeros(steps, *action.shape, dtype=action.dtype),
            log_probability=torch.zeros(flat),
            value=torch.zeros(flat),
            reward=torch.zeros(flat),
            memory_reset=torch.zeros(flat, dtype=torch.bool),
            value_cut=torch.zeros(flat, dtype=torch.bool),
            actor_memory=torch.zeros(0),
            critic_memory=torch.zeros(0),
        )

    def advantages(self, last_value: torch.Tensor, gamma: float, gae_lambda: float) -> torch.Tensor:
        """Generalised advantage estimates (T, n), arXiv 1506.02438; `last_value` (n,) follows the last step."""
        advantage = torch.zeros_like(self.value)
        carried = torch.zeros_like(last_value)
        following = last_value
        flows = (~self.value_cut).float()
        for t in reversed(range(len(self.value))):
            error = self.reward[t] + gamma * following * flows[t] - self.value[t]
            carried = error + gamma * gae_lambda * flows[t] * carried
            advantage[t] = carried
            following = self.value[t]
        return advantage
