from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import message, notice

from maxbooster_ops.alerting.message import Kind, Message
from maxbooster_ops.alerting.rule import Severity

text = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.datetimes(timezones=st.just(UTC))
told = st.builds(
    lambda at, known, kind, severity, instead_of: message(
        at=at, kind=kind, severity=severity, instead_of=instead_of, notices=tuple(notice(**each) for each in known)
    ),
    moments,
    st.lists(
        st.fixed_dictionaries(
            {
                "summary": text,
                "labels": st.dictionaries(text, text),
                "value": st.none() | st.floats(allow_nan=False),
                "threshold": st.floats(allow_nan=False),
                "resolved_at": st.none() | moments,
            }
        ),
        max_size=3,
    ),
    st.sampled_from(Kind),
    st.sampled_from(Severity),
    st.none() | text,
)


@given(told=told)
def test_a_message_survives_the_outbox_whatever_it_says(told):
    assert Message.from_json(told.to_json()) == told


def test_what_is_no_message_is_refused():
    with pytest.raises(ValueError, match="key"):
        Message.from_json("{}")
