"""For jobs of the platform and our own: what tracks their executions."""
