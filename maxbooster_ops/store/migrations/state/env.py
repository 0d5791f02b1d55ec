"""Alembic's entry point: apply the revisions on the engine that `state.py` hands over, in one transaction."""

from alembic import context
from sqlalchemy import text

with context.config.attributes["engine"].begin() as connection:
    # Two processes may open a new home at once; the one that waited finds the work done.
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    context.configure(connection=connection, transactional_ddl=True)
    context.run_migrations()
