"""Everything that was measured, seen one way: as series of numbers with a name and labels."""
