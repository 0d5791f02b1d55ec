"""What the code server does first: load everything, and find no two things of one name."""

from __future__ import annotations

from maxbooster_ops.pipelines.definitions import defs


def test_the_code_server_can_load_every_definition():
    repository = defs.get_repository_def()
    repository.load_all_definitions()
    assert {"collect", "health", "aggregate", "cleanup", "redrive", "save_baseline"} <= set(repository.job_names)


def test_every_asset_is_described_owned_and_in_a_group():
    lacking = [
        str(spec.key)
        for spec in defs.resolve_all_asset_specs()
        if not (spec.description and spec.owners and spec.kinds and spec.group_name != "default")
    ]
    assert lacking == []
