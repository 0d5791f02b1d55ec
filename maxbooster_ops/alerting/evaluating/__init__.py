"""From samples to alerts: the pure engine, reading what it needs, and one evaluation as a whole."""
