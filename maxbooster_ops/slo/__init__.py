"""Service level objectives: what is promised, how much of the budget is spent, how fast it burns."""
