from __future__ import annotations

from maxbooster_ops.store.maintenance.disk_use import bytes_in


def test_files_and_all_below_folders_are_added_up_and_what_is_missing_counts_for_nothing(tmp_path):
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "a").write_bytes(b"x" * 10)
    (tmp_path / "folder" / "b").write_bytes(b"x" * 5)
    (tmp_path / "c").write_bytes(b"x" * 3)
    assert bytes_in([tmp_path / "folder", tmp_path / "c", tmp_path / "gone"]) == 18
    assert bytes_in([]) == 0
