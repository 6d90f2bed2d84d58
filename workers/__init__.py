"""The worker's side of Condafarm, installable alone: contract, agent, builders, checks."""
