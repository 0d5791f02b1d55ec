"""Dead letters: jobs that used up their own attempts, found, brought back exactly once, or parked for a person."""
