"""The Shadow-hand and Fetch tasks of gymnasium-robotics, exact against the original and batched over worlds."""
