"""Jobs whose data or reason is hard to read or to keep: each becomes a letter, and none hides the others."""

from __future__ import annotations

import json

import pytest
from support.dead_letter_rig import BROKEN, die, editing, effects, mend

from maxbooster_ops.dead_letters.letter import LetterState, PayloadKept
from maxbooster_ops.dead_letters.payloads import payload_of_letter
from maxbooster_ops.errors import UsageError

HALF_AN_EMOJI = "\ud83d"
REMOVABLE = {"removeOnFail": {"count": 9}}


def nested(levels):
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize(
    ("data", "opts", "kept"),
    [
        pytest.param({"reason": f"cannot send {HALF_AN_EMOJI}"}, {}, PayloadKept.REDIS, id="a reason cut in an emoji"),
        pytest.param({"text": HALF_AN_EMOJI}, REMOVABLE, PayloadKept.COPIED, id="data with half an emoji"),
        pytest.param({"tree": nested(700)}, REMOVABLE, PayloadKept.UNREADABLE, id="data that nests too deeply to walk"),
        pytest.param({"blob": "x" * 5_000_000}, REMOVABLE, PayloadKept.TOO_LARGE, id="5 MB"),
    ],
)
def test_it_is_found_beside_others_shown_and_brought_back_unchanged(rig6, data, opts, kept):
    (odd,) = die(rig6, data={**BROKEN, **data}, opts=opts)
    (other,) = die(rig6, queue="report")
    assert rig6.look().new == 2
    letters = {letter.job.queue: letter for letter in rig6.letters()}
    before = rig6.side.data([letters["mail"].job])
    assert letters["mail"].payload_kept is kept
    assert payload_of_letter(letters["mail"], rig6.redis.url, ()).data or kept is PayloadKept.TOO_LARGE
    mend(rig6)
    assert rig6.redrive().returned == 2
    rig6.until("mail", completed=1)
    rig6.until("report", completed=1)
    rig6.look()
    assert {letter.state for letter in rig6.letters()} == {LetterState.RECOVERED}
    assert effects(rig6) == sorted([odd.encode(), other.encode()])
    assert rig6.side.data([letters["mail"].job]) == before


def test_a_copy_with_half_an_emoji_is_added_again_as_it_was(rig6):
    (job_id,) = die(rig6, data={**BROKEN, "text": HALF_AN_EMOJI}, opts=REMOVABLE)
    rig6.look()
    (before,) = rig6.side.data([rig6.letter().job])
    rig6.platform.tell("remove", queue="mail", id=job_id)
    mend(rig6)
    assert rig6.redrive().returned == 1
    rig6.until("mail", completed=1)
    (after,) = rig6.side.data([rig6.letter().job])
    assert json.loads(after) == json.loads(before)


def test_a_job_without_a_copy_that_was_removed_asks_a_person(rig6):
    (job_id,) = die(rig6, data={**BROKEN, "tree": nested(700)}, opts=REMOVABLE)
    rig6.look()
    rig6.platform.tell("remove", queue="mail", id=job_id)
    rig6.redrive()
    assert (rig6.letter().state, rig6.letter().tries) == (LetterState.PARKED, 0)
    assert "its data is unreadable" in rig6.letter().note


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("{", "is no JSON", id="no JSON"),
        pytest.param('{"sum": NaN}', "NaN is no JSON", id="not a number, which JavaScript cannot read"),
        pytest.param('{"sum": 1e999}', "1e999 is too large a number", id="a number that is infinite"),
        pytest.param('"\udcff"', "surrogates not allowed", id="characters that cannot be sent"),
        pytest.param("[" * 2000 + "]" * 2000, "nests deeper than 100 levels", id="endlessly nested"),
    ],
)
def test_new_data_that_no_worker_could_read_is_refused(rig6, data, said):
    die(rig6)
    rig6.look()
    before = rig6.side.data([rig6.letter().job])
    with pytest.raises(UsageError, match=said):
        editing(rig6).edit(rig6.letter(), data, actor="ann", why="typo", now=rig6.now())
    assert rig6.side.data([rig6.letter().job]) == before
