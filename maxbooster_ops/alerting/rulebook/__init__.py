"""Rules as data: reading the files of rules, what an entry means, the SQL of a series, the texts and runbooks."""
