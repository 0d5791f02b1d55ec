from __future__ import annotations

from maxbooster_ops.store.named_sql import named_queries, statements


def test_queries_are_found_by_name_with_their_comment(tmp_path):
    file = tmp_path / "some.sql"
    file.write_text("-- name: first\n-- Grain: one row.\nSELECT 1\n\n-- name: second\nSELECT 2\n")
    assert named_queries(file) == {"first": "-- Grain: one row.\nSELECT 1", "second": "SELECT 2"}


def test_a_migration_is_split_at_the_ends_of_its_statements():
    assert statements("CREATE TABLE a (b INT);\nCOMMENT ON TABLE a IS 'x; y';\n") == [
        "CREATE TABLE a (b INT)",
        "COMMENT ON TABLE a IS 'x; y'",
    ]
