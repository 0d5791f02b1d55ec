"""How `maxbooster-ops dead-letters` prints what it found.

Belongs here: tables and JSON. Not here: finding (`dead_letters.py`). Names, reasons, stacks and data come from the
platform: on a terminal no character of theirs moves the cursor, changes a colour or turns the direction of writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from json import dumps
from typing import TYPE_CHECKING, Any

from maxbooster_ops.cli.output import console, json_text, print_json, print_table, print_text
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import Action

if TYPE_CHECKING:
    from maxbooster_ops.dead_letters.foreseeing import Foreseen
    from maxbooster_ops.dead_letters.payloads import Payload
    from maxbooster_ops.dead_letters.redriving import Redriven
    from maxbooster_ops.dead_letters.stuck import StuckJob

_COLUMNS = ("letter", "queue", "job", "name", "state", "tries", "next try (UTC)", "reason")
_REASON_CHARACTERS = 80
_SHOWN_CHARACTERS = 4_000
NOTHING = "No dead letter matches."
_HELD = (
    "What is held back stays as it is: when the breaker has closed, the hourly run brings back the pending ones that "
    "are due, and parked ones come back when somebody retries them again"
)


def visible(text: str) -> str:
    """Give `text` with every character that a terminal would obey written out; lines stay lines."""
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)


def line(text: str, most: int = _REASON_CHARACTERS) -> str:
    """Give the first line of `text`, bounded."""
    first = visible(text.partition("\n")[0])
    return first if len(first) <= most else f"{first[: most - 1]}…"


def as_json(letter: Letter) -> dict[str, Any]:
    """Give a letter as machines read it."""
    return {
        "id": letter.id,
        "prefix": letter.job.prefix,
        "queue": letter.job.queue,
        "job_id": letter.job.job_id,
        "name": letter.name,
        "state": letter.state.value,
        "tries": letter.tries,
        "next_try": letter.next_try_at,
        "reason": letter.reason,
        "note": letter.note,
        "attempts": letter.attempts,
        "first_failed_at": letter.first_failed_at,
        "last_failed_at": letter.last_failed_at,
        "found_at": letter.found_at,
        "ended_at": letter.ended_at,
        "payload_kept": letter.payload_kept.value,
        "parent": letter.parent,
    }


def show_letters(letters: Sequence[Letter], numbers: Counter[LetterState], *, json: bool) -> None:
    """Print letters, the newest failure first; `numbers` counts all that were asked for."""
    if json:
        print_rows([as_json(letter) for letter in reversed(letters)])
    elif not letters:
        console.print(NOTHING)
    else:
        print_table(None, _COLUMNS, map(_row, reversed(letters)))
        total = ", ".join(f"{numbers[state]:,} {state}" for state in LetterState if numbers[state])
        rest = f"; the newest {len(letters):,} are shown, --limit shows more" if len(letters) < numbers.total() else ""
        console.print(f"\n{numbers.total():,} dead letters: {total}{rest}.", highlight=False)


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print a JSON list with a line per row: indented, thousands of rows would take seconds."""
    lines = (dumps(row, ensure_ascii=False, default=datetime.isoformat) for row in rows)
    print("[" + ",\n ".join(lines) + "]")  # noqa: T201 -- not through rich, which would wrap it


def show_letter(letter: Letter, done: Sequence[Action], payload: Payload, *, json: bool) -> None:
    """Print one letter with its history, stack and data."""
    if json:
        print_json(
            {**as_json(letter), "stack": letter.stack, "options": letter.options, "payload": payload} | _done(done)
        )
        return
    rows = [
        ("job", visible(f"{letter.job.prefix}:{letter.job.queue}:{letter.job.job_id}")),
        ("name", visible(letter.name)),
        ("state", letter.state.value),
        ("note", visible(letter.note)),
        ("tries", str(letter.tries)),
        ("next try (UTC)", letter.next_try_at),
        ("first failed (UTC)", letter.first_failed_at),
        ("last failed (UTC)", letter.last_failed_at),
        ("its own attempts", str(letter.attempts)),
        ("parent", visible(letter.parent) if letter.parent else None),
        ("reason", visible(letter.reason)),
    ]
    print_table(f"Dead letter {letter.id}", ("", ""), rows)
    print_table(
        "\nWhat was done",
        ("when (UTC)", "what", "by", "why"),
        ((action.ts, action.action, visible(action.actor), visible(action.why)) for action in done),
    )
    _show_text("Stack", letter.stack)
    data = payload.data
    text = data if isinstance(data, str) else json_text(data)
    _show_text(f"Data ({payload.where})", "none" if data is None else text)


def _done(done: Sequence[Action]) -> dict[str, Any]:
    return {"history": [{"ts": one.ts, "action": one.action, "by": one.actor, "why": one.why} for one in done]}


def _show_text(title: str, text: str) -> None:
    if text:
        console.print(f"\n{title}", style="bold", markup=False, highlight=False)
        print_text(visible(text[:_SHOWN_CHARACTERS]))
        if len(text) > _SHOWN_CHARACTERS:
            console.print(f"… {len(text) - _SHOWN_CHARACTERS:,} more characters", style="dim", highlight=False)


def show_foreseen(foreseen: Sequence[Foreseen], *, json: bool) -> None:
    """Print what would happen to each letter."""
    if json:
        print_rows([{**as_json(one.letter), "would": one.what, "would_return": one.returns} for one in foreseen])
    elif not foreseen:
        console.print(NOTHING)
    else:
        rows = (
            (one.letter.id, visible(one.letter.job.queue), line(one.letter.name), visible(one.what)) for one in foreseen
        )
        print_table("Nothing was changed. This would happen:", ("letter", "queue", "name", "what"), rows)
        back = sum(one.returns for one in foreseen)
        console.print(f"\n{back:,} of {len(foreseen):,} would be brought back.", highlight=False)


def show_redriven(done: Redriven, now: Sequence[Letter], left: Sequence[Letter], *, json: bool) -> None:
    """Print what became of the letters that were asked for; `left` are those that cannot be retried as they stand."""
    if json:
        print_rows([{**as_json(letter), "held": done.held.get(letter.id)} for letter in now])
        return
    if not now:
        console.print("No dead letter is due, or none matches: nothing was brought back.")
        return
    parts = [f"{done.returned:,} of {len(now):,} brought back"]
    parts += [f"{number:,} refused: {refusal.text}" for refusal, number in done.refused.items()]
    parts += [f"{number:,} held back: {why}" for why, number in Counter(done.held.values()).items()]
    if done.taken_by_others:
        parts.append(f"{done.taken_by_others:,} taken by somebody else meanwhile")
    parts += [f"{letter.id} left alone: it is {letter.state}" for letter in left]
    _say(parts)
    if done.returned < len(now):
        stand = Counter(letter.state for letter in now)
        _say([f"They now are: {', '.join(f'{stand[state]:,} {state}' for state in LetterState if stand[state])}"])
    if done.held:
        _say([_HELD])


def show_edited(letter: Letter, held: str | None, *, json: bool) -> None:
    """Print where a letter stands after its job got other data; `held` says why it was not retried after that."""
    if json:
        print_json({**as_json(letter), "held": held})
        return
    _say([f"{letter.id} has the new data; it is {letter.state}: {letter.note}"])
    if held:
        _say([f"It was not retried: {held}"])
        _say([_HELD])


def _say(parts: Sequence[str]) -> None:
    said = visible("; ".join(parts)).removesuffix(".")
    print_text(f"{said}.")


def show_would_change(what: str, letters: Sequence[Letter], would: Sequence[Letter], *, json: bool) -> None:
    """Print which letters would be parked or discarded."""
    if json:
        print_rows([{**as_json(letter), "would": what if letter in would else "nothing"} for letter in letters])
    elif not letters:
        console.print(NOTHING)
    else:
        print_table("Nothing was changed.", _COLUMNS, map(_row, would))
        console.print(f"\n{len(would):,} of {len(letters):,} would be {what}.", highlight=False)


def show_changed(what: str, changed: int, letters: Sequence[Letter], now: Sequence[Letter], *, json: bool) -> None:
    """Print how many letters were parked or discarded."""
    if json:
        print_rows([as_json(letter) for letter in now])
    elif not letters:
        console.print(NOTHING)
    else:
        rest = len(letters) - changed
        left = f"; {rest:,} left as they are, since they are under way, at their end, or {what} already" if rest else ""
        console.print(f"{changed:,} of {len(letters):,} {what}{left}.", highlight=False)


def show_stuck(stuck: Sequence[StuckJob], *, json: bool) -> None:
    """Print stuck jobs."""
    if json:
        print_json(
            [
                {"queue": one.job.queue, "prefix": one.job.prefix, "job_id": one.job.job_id, "name": one.name}
                | {"since": one.since, "worker": one.worker, "why": one.why}
                for one in stuck
            ]
        )
    elif stuck:
        rows = (
            (
                visible(one.job.queue),
                visible(one.job.job_id),
                line(one.name),
                one.since,
                one.worker and line(one.worker),
                one.why,
            )
            for one in stuck
        )
        print_table(None, ("queue", "job", "name", "since (UTC)", "worker", "why"), rows)
    else:
        console.print("No job is stuck.")


def _row(letter: Letter) -> tuple[object, ...]:
    return (
        letter.id,
        line(letter.job.queue),
        line(letter.job.job_id),
        line(letter.name),
        letter.state.value,
        letter.tries,
        letter.next_try_at,
        line(letter.reason),
    )
