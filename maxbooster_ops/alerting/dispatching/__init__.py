"""Who is told what of which alert, or why not. Pure."""
