"""Values in scenario files mean what promtool takes them for."""

from __future__ import annotations

import json
import subprocess

from support.need import program

from maxbooster_ops.alerting.scenarios.series_notation import expand

NOTATIONS = ("5 -1.5 1e3", "5x3", "0+10x3", "4-2x2", "-1-2x2", "1 _ 2 _x3 3", "1 2x0 3+1x0 4")


def expected(values):
    """Ask for the sample of each minute alone, one more than there are."""
    for minute, value in enumerate((*values, None)):
        samples = [] if value is None else [{"labels": "series", "value": value}]
        yield {"expr": "last_over_time(series[59s])", "eval_time": f"{minute}m", "exp_samples": samples}


def test_promtool_reads_the_same_values(tmp_path):
    promtool = program("promtool", "install Debian's package `prometheus`")
    groups = [
        {
            "interval": "1m",
            "input_series": [{"series": "series", "values": notation}],
            "promql_expr_test": list(expected(expand(notation))),
        }
        for notation in NOTATIONS
    ]
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": [], "tests": groups}))
    run = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
