"""How jobs, HTTP routes and database queries do: metrics per job, bottlenecks, and what to do about them."""
