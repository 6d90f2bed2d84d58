"""What workers ask: ``/agent/v1``, as ``workers.contract.paths`` says it."""
