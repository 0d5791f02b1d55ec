"""`maxbooster-ops dead-letters`: jobs that used up their attempts, and what people do about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maxbooster_ops.cli import dead_letter_views as views
from maxbooster_ops.cli.dead_letter_desk import (
    ByOption,
    Deed,
    DryRunOption,
    NameOption,
    OlderOption,
    QueueOption,
    ReasonOption,
    Which,
    WhyOption,
    as_they_are,
    confirm,
    must_say_which,
    only_state,
    picked,
    progress,
    selection_of,
    the_letter,
    who,
    with_redis,
)
from maxbooster_ops.cli.option_groups import taking_groups
from maxbooster_ops.cli.options import HomeOption, JsonOption
from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.letter import LetterState
from maxbooster_ops.dead_letters.letter_store import history, must_know, newest
from maxbooster_ops.dead_letters.selecting import Selection
from maxbooster_ops.errors import UsageError
from maxbooster_ops.watching import targets_of

if TYPE_CHECKING:
    from maxbooster_ops.dead_letters.rounds import Round

app = typer.Typer(
    help="Dead letters: jobs that used up their own attempts. They are brought back every hour, five times at most.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)

_MOST_IN_TABLE = 50
_ALL = 1_000_000_000

LetterArgument = Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")]


@app.command("list")
@taking_groups
def list_letters(
    which: Which,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many [table: 50, JSON: all].", show_default=False)
    ] = None,
    look: Annotated[bool, typer.Option("--look", help="Look into Redis first, as every collecting run does.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show dead letters, the newest first, as the last collecting run knew them."""
    selection = which.selection()
    if look:
        _look(home)
    with only_state(home) as (_, opened), opened.reading() as connection:
        must_know(connection, selection.ids)
        letters, numbers = newest(connection, selection, limit or (_ALL if json else _MOST_IN_TABLE))
    views.show_letters(letters, numbers, json=json)


@app.command()
def show(letter: LetterArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Show one letter: why it died, its stack, its data with secret keys masked, everything that was done."""
    with only_state(home) as (settings, state):
        found = the_letter(state, letter)
        with state.reading() as connection:
            done = history(connection, found.id)
    from maxbooster_ops.dead_letters.payloads import payload_of_letter  # noqa: PLC0415 -- it needs Redis

    redis_url = targets_of(settings).redis_url
    url = redis_url.get_secret_value() if redis_url else None
    views.show_letter(found, done, payload_of_letter(found, url, settings.maxbooster_redact_keys), json=json)


@app.command()
@taking_groups
def retry(which: Which, deed: Deed, home: HomeOption = None) -> None:
    """Bring letters back now, whether they are due or not; a parked one gets one more try."""
    selection = which.selection()
    must_say_which(selection)
    from maxbooster_ops.dead_letters.rounds import Round  # noqa: PLC0415 -- it needs Redis

    asked = Round(actor=who(deed.by), why=deed.why, selection=selection, by_hand=True)
    _redrive(asked, dry_run=deed.dry_run, yes=deed.yes, json=deed.json, home=home)


@app.command()
def redrive(  # noqa: PLR0913, PLR0917 -- one per option
    now: Annotated[bool, typer.Option("--now", help="Also those that are not due yet.")] = False,
    queue: QueueOption = None,
    name: NameOption = None,
    reason: ReasonOption = None,
    older_than: OlderOption = None,
    dry_run: DryRunOption = False,
    why: WhyOption = "it was due",
    by: ByOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring back what is due: what the schedule does every hour. Parked letters stay parked."""
    from maxbooster_ops.dead_letters.rounds import Round  # noqa: PLC0415 -- it needs Redis

    selection = selection_of(queues=queue, names=name, reason=reason, older_than=older_than)
    asked = Round(actor=who(by), why=why, selection=selection, ignoring_backoff=now)
    _redrive(asked, dry_run=dry_run, yes=True, json=json, home=home)


@app.command()
@taking_groups
def park(which: Which, deed: Deed, home: HomeOption = None) -> None:
    """Let pending letters wait for a person; the schedule leaves them alone."""
    _change("parked", which.selection(), deed, home)


@app.command()
@taking_groups
def discard(which: Which, deed: Deed, home: HomeOption = None) -> None:
    """End letters for good; their jobs stay in the failed set, where the platform left them."""
    _change("discarded", which.selection(), deed, home)


@app.command()
def edit(  # noqa: PLR0913, PLR0917 -- one per option
    letter: LetterArgument,
    data: Annotated[str | None, typer.Option("--data", help="The new data, as JSON.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="A file with it.", show_default=False)
    ] = None,
    then_retry: Annotated[bool, typer.Option("--retry", help="Bring it back at once.")] = False,
    why: WhyOption = "by hand",
    by: ByOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Give the job of a pending or parked letter other data."""
    if (data is None) == (file is None):
        raise UsageError("Give the new data either with --data or with --file.")
    from maxbooster_ops.dead_letters.by_hand import Editing  # noqa: PLC0415 -- it needs Redis

    text = data if data is not None else _read(file)
    with with_redis(home) as dead_letters:
        state = dead_letters.store.state
        found = the_letter(state, letter)
        editing = Editing(state=state, side=dead_letters.side, redacted=dead_letters.redacted)
        editing.edit(found, text, actor=who(by), why=why, now=utc_now())
        held: dict[str, str] = {}
        if then_retry:
            edited = dead_letters.chosen(Selection(ids=(letter,)), whole=True)
            held = dead_letters.redrive(edited, actor=who(by), why=why, clock=utc_now).held
        after = the_letter(state, letter)
    views.show_edited(after, held.get(letter), json=json)


@app.command()
def stuck(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show jobs that are active for too long, or whose worker is gone with nobody to take them."""
    with with_redis(home) as dead_letters:
        views.show_stuck(dead_letters.stuck(utc_now()), json=json)


def _look(home: Path | None) -> None:
    with with_redis(home) as dead_letters:
        dead_letters.look(utc_now())


def _redrive(asked: Round, *, dry_run: bool, yes: bool, json: bool, home: Path | None) -> None:
    with with_redis(home) as dead_letters:
        state = dead_letters.store.state
        if dry_run:
            foreseen = asked.foresee(dead_letters, utc_now())
            views.show_foreseen(foreseen, json=json)
            return
        dead_letters.look(utc_now())
        letters = asked.letters(dead_letters, utc_now())
        left = asked.left(dead_letters, letters)
        confirm("Bring back", letters, yes=yes)
        with progress("bringing back", len(letters)) as told:
            done = asked.run(dead_letters, letters, clock=utc_now, told=told)
        after = as_they_are(state, [*letters, *left])
    views.show_redriven(done, after, left, json=json)


def _change(what: str, selection: Selection, deed: Deed, home: Path | None) -> None:
    must_say_which(selection)
    from maxbooster_ops.dead_letters import by_hand  # noqa: PLC0415 -- it needs Redis

    change, may = (by_hand.park, (LetterState.PENDING,)) if what == "parked" else (by_hand.discard, by_hand.RETRIABLE)
    with only_state(home) as (_, state):
        letters = picked(state, selection)
        if deed.dry_run:
            would = [letter for letter in letters if letter.state in may]
            views.show_would_change(what, letters, would, json=deed.json)
            return
        confirm("Park" if what == "parked" else "Discard", letters, yes=deed.yes)
        changed = change(state, letters, actor=who(deed.by), why=deed.why, now=utc_now())
        after = as_they_are(state, letters)
    views.show_changed(what, changed, letters, after, json=deed.json)


def _read(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--file: {file} cannot be read as text: {error}.") from error
