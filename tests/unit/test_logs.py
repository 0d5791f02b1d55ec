"""A log line goes to whatever standard error is when it is written."""

from __future__ import annotations

import contextlib
import io
import json

from maxbooster_ops.logs import configure_logs, get_logger


def test_a_stream_that_was_closed_and_replaced_takes_no_line_down():
    with contextlib.redirect_stderr(io.StringIO()) as first:
        configure_logs("INFO", service="test")
        get_logger().info("began")
    first.close()
    with contextlib.redirect_stderr(io.StringIO()) as second:
        get_logger().info("went_on", address="redis://:word@host")
    line = json.loads(second.getvalue())
    assert (line["message"], line["service"], "word" in line["address"]) == ("went_on", "test", False)
