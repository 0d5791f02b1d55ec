"""Where memory, backlogs, Redis and jobs are going: slowly, while no threshold is reached yet."""
