"""What the commands of `dead-letters` work with: the filters that they share, the stores, the platform's Redis.

Belongs here: turning options into a selection, opening, asking before many letters change. Not here: a command.
Whatever needs Redis or the lake is imported when it is opened: `list` answers within a second.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from maxbooster_ops.cli.options import JsonOption, settings_for
from maxbooster_ops.cli.output import errors
from maxbooster_ops.clock import utc_now
from maxbooster_ops.dead_letters.letter import Letter, LetterState
from maxbooster_ops.dead_letters.letter_store import chosen, must_know
from maxbooster_ops.dead_letters.selecting import Selection, pattern_of
from maxbooster_ops.durations import duration_of
from maxbooster_ops.errors import UsageError
from maxbooster_ops.settings import Settings
from maxbooster_ops.store.state import State, open_state
from maxbooster_ops.watching import home_of, targets_of

if TYPE_CHECKING:
    from maxbooster_ops.dead_letters.service import DeadLetters

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Letters by id.", show_default=False)]
QueueOption = Annotated[
    list[str] | None, typer.Option("--queue", help="Only those of this queue; may be repeated.", show_default=False)
]
NameOption = Annotated[
    list[str] | None, typer.Option("--name", help="Only jobs of this name; may be repeated.", show_default=False)
]
ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--reason", metavar="REGEX", help="Only those whose reason this pattern occurs in.", show_default=False
    ),
]
OlderOption = Annotated[
    str | None,
    typer.Option(
        "--older-than", metavar="DURATION", help="Only those that failed longer ago, such as 2d.", show_default=False
    ),
]
StateOption = Annotated[
    list[LetterState] | None,
    typer.Option("--state", help="Only those in this state; may be repeated.", show_default=False),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen, and change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before many letters change.")]


def _storable(text: str | None) -> str | None:
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise typer.BadParameter("it is no text in UTF-8") from error
    return text


WhyOption = Annotated[str, typer.Option("--why", callback=_storable, help="Why; kept with every letter.")]
ByOption = Annotated[
    str | None,
    typer.Option("--by", callback=_storable, help="Who does it [the user's name].", show_default=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The filter that commands on many letters take."""

    ids: IdsArgument = None
    queue: QueueOption = None
    name: NameOption = None
    reason: ReasonOption = None
    older_than: OlderOption = None
    state: StateOption = None

    def selection(self) -> Selection:
        """Give the letters that are meant; raises `UsageError` as `selection_of` does."""
        return selection_of(
            ids=self.ids,
            queues=self.queue,
            names=self.name,
            reason=self.reason,
            older_than=self.older_than,
            states=self.state,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """How commands that change letters are to do it, and who asks for it."""

    dry_run: DryRunOption = False
    yes: YesOption = False
    why: WhyOption = "by hand"
    by: ByOption = None
    json: JsonOption = False


_NOBODY_WATCHES = (
    "No platform's Redis is known: set REDIS_URL in the environment or `.env`, or start `maxbooster-ops up` for a "
    "sandbox."
)


def selection_of(
    *,
    ids: Sequence[str] | None = None,
    queues: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    reason: str | None = None,
    older_than: str | None = None,
    states: Sequence[LetterState] | None = None,
) -> Selection:
    """Give the letters that the options mean; raises `UsageError` for a pattern or a duration that is none."""
    failed_before = utc_now() - duration_of("--older-than", older_than) if older_than else None
    return Selection(
        ids=tuple(ids or ()),
        queues=tuple(queues or ()),
        names=tuple(names or ()),
        reason=pattern_of("--reason", reason) if reason else None,
        failed_before=failed_before,
        states=tuple(states or ()),
    )


def must_say_which(selection: Selection) -> None:
    """Refuse to change every letter there is by a slip; raises `UsageError`."""
    if selection == Selection():
        raise UsageError("Say which letters: their ids, or a filter such as --queue, --reason or --state parked.")


def picked(state: State, selection: Selection) -> list[Letter]:
    """Give the letters that are meant; raises `UsageError` that names the ids that nobody knows."""
    with state.reading() as connection:
        must_know(connection, selection.ids)
        return chosen(connection, selection)


def as_they_are(state: State, letters: Sequence[Letter]) -> list[Letter]:
    """Give letters as they stand now."""
    now: dict[str, Letter] = {}
    with state.reading() as connection:
        for chunk in range(0, len(letters), 500):
            ids = tuple(letter.id for letter in letters[chunk : chunk + 500])
            now |= {letter.id: letter for letter in chosen(connection, Selection(ids=ids))}
    return [now[letter.id] for letter in letters if letter.id in now]


def the_letter(state: State, letter_id: str) -> Letter:
    """Give one whole letter; raises `UsageError` where nobody knows it."""
    with state.reading() as connection:
        must_know(connection, [letter_id])
        (found,) = chosen(connection, Selection(ids=(letter_id,)), whole=True)
    return found


@contextmanager
def only_state(home: Path | None) -> Iterator[tuple[Settings, State]]:
    """Open what needs no Redis."""
    settings = settings_for(home)
    with open_state(home_of(settings)) as state:
        yield settings, state


@contextmanager
def with_redis(home: Path | None) -> Iterator[DeadLetters]:
    """Open the store and the platform's Redis; raises `UsageError` where no Redis is known."""
    from maxbooster_ops.dead_letters.service import open_dead_letters  # noqa: PLC0415 -- see above
    from maxbooster_ops.store.opening import open_store  # noqa: PLC0415 -- see above

    settings = settings_for(home)
    redis_url = targets_of(settings).redis_url
    if redis_url is None:
        raise UsageError(_NOBODY_WATCHES)
    url, redacted = redis_url.get_secret_value(), settings.maxbooster_redact_keys
    with open_store(home_of(settings)) as store, open_dead_letters(store, url, redacted=redacted) as dead_letters:
        yield dead_letters


def who(by: str | None) -> str:
    """Give who does it."""
    return by or getpass.getuser()


def confirm(what: str, letters: Sequence[Letter], *, yes: bool) -> None:
    """Ask a person before more than one letter changes; a script, which nobody sits before, is not asked."""
    if len(letters) > 1 and not yes and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(f"{what} {len(letters):,} dead letters?", abort=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while many letters are worked on, where a person watches."""
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
