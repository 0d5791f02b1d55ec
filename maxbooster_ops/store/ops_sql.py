"""`ops.sql`: what `duckdb -init` reads to open both stores read-only, while everything runs.

Belongs here: its text. It loads the extensions from the home folder, so it works without a network.
"""

from __future__ import annotations

from maxbooster_ops.store.duck import EXTENSIONS, ONE_VIEW, attach_statement, quoted
from maxbooster_ops.store.home import Home


def write_ops_sql(home: Home) -> None:
    """Write the file where it is missing or of another release."""
    loads = "\n".join(f"LOAD {name};" for name in EXTENSIONS)
    text = (
        "-- Opens the store read-only: facts as `ops` (the default), decisions as `state`. Nothing here can "
        "block the collector.\n"
        "-- Start with: SHOW TABLES;  DESCRIBE queue_samples;  FROM latest_queues;\n"
        f"SET extension_directory = {quoted(home.extensions)};\n"
        "SET autoinstall_known_extensions = false;\n"
        f"{loads}\n"
        f"{ONE_VIEW};\n"
        "SET TimeZone = 'UTC';\n"
        f"{attach_statement(home, read_only=True)};\n"
        f"ATTACH {quoted(home.state)} AS state (TYPE sqlite, READ_ONLY);\n"
        "USE ops;\n"
    )
    if not home.ops_sql.is_file() or home.ops_sql.read_text(encoding="utf-8") != text:
        home.ops_sql.write_text(text, encoding="utf-8")
