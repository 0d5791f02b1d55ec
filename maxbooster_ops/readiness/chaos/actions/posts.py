"""The posts service: scheduling posts, killing it meanwhile, and whether what it promised is still there.

Belongs here: posts over HTTP. Not here: the service (`sandbox/posts`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests

from maxbooster_ops.errors import DrillError
from maxbooster_ops.readiness.chaos.action import action
from maxbooster_ops.readiness.chaos.drill import Drill, ExpectationError, Restartable

_ANSWER_WITHIN_SECONDS = 5.0
_AHEAD = timedelta(days=1)


@action("posts.healthy")
def healthy(drill: Drill) -> bool:
    """Ask the service for its health."""
    try:
        with _session() as session:
            return session.get(f"{_service(drill).url}/health", timeout=_ANSWER_WITHIN_SECONDS).ok
    except requests.RequestException:
        return False


@action("posts.schedule")
def schedule(drill: Drill, *, count: int = 1) -> int:
    """Schedule posts for tomorrow and keep in mind what the service answered."""
    with _session() as session:
        for number in range(count):
            _promised(drill).append(_schedule(drill, session, f"post {number} of drill {drill.id}"))
    return count


@action("posts.kill_while_scheduling")
def kill_while_scheduling(drill: Drill, *, acknowledged: int = 20) -> str:
    """Schedule posts without a pause, and kill the service when it has acknowledged so many of them."""
    if drill.target.folder is None:
        raise DrillError("Only the service of a stand may be killed; let the scenario need it (`needs: [service]`).")
    client = _Client(drill)
    client.start()
    try:
        drill.wait_for(lambda: len(client.promised) >= acknowledged or client.over, seconds=60, what="promised posts")
        if len(client.promised) < acknowledged:
            raise ExpectationError(
                f"The service took {len(client.promised)} posts and refused the next, before anything was done to it."
            )
        drill.scratch["posts_fault"] = drill.inject("program-down", folder=str(drill.target.folder), program="posts")
    finally:
        client.stop()
    _promised(drill).extend(client.promised)
    return f"{len(client.promised)} posts were acknowledged before it died"


@action("posts.restart")
def restart(drill: Drill) -> None:
    """Let the service start again, and wait until it answers."""
    drill.roll_back(drill.scratch["posts_fault"])


@action("posts.all_there")
def all_there(drill: Drill) -> bool:
    """Ask for every post that was acknowledged, and compare it with what the service answered then."""
    promised = _promised(drill)
    missing, changed = [], []
    with _session() as session:
        for post in promised:
            answer = session.get(f"{_service(drill).url}/api/posts/{post['id']}", timeout=_ANSWER_WITHIN_SECONDS)
            if answer.status_code != requests.codes.ok:
                missing.append(f"{post['id']} (answered {answer.status_code})")
            elif answer.json() != post:
                changed.append(f"{post['id']} ({answer.text[:200]})")
    if missing or not promised:
        raise ExpectationError(
            f"{len(missing)} of {len(promised)} scheduled posts are gone after the restart, though the service had "
            f"answered 201 for them: {', '.join(missing[:5])}"
        )
    if changed:
        raise ExpectationError(f"{len(changed)} posts are not what was scheduled: {', '.join(changed[:3])}")
    return True


@action("posts.remove")
def remove(drill: Drill) -> None:
    """Remove the drill's posts."""
    with _session() as session:
        while promised := _promised(drill):
            session.delete(f"{_service(drill).url}/api/posts/{promised[-1]['id']}", timeout=_ANSWER_WITHIN_SECONDS)
            promised.pop()


@dataclass(slots=True)
class _Client:
    """Somebody who schedules one post after the other until the service is gone."""

    drill: Drill
    promised: list[dict[str, Any]] = field(default_factory=list)
    over: bool = False
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="posts", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.over = True
        self.thread.join(_ANSWER_WITHIN_SECONDS)

    def _run(self) -> None:
        with _session() as session:
            while not self.over:
                try:
                    self.promised.append(_schedule(self.drill, session, f"under way at {time.time():.3f}"))
                except (requests.RequestException, ExpectationError):
                    self.over = True


def _schedule(drill: Drill, session: requests.Session, text: str) -> dict[str, Any]:
    order = {"text": text, "at": (drill.clock() + _AHEAD).isoformat()}
    url = f"{_service(drill).url}/api/posts/schedule"
    answer = session.post(url, json=order, timeout=_ANSWER_WITHIN_SECONDS)
    if answer.status_code != requests.codes.created:
        raise ExpectationError(f"The service answered {answer.status_code} to a post; expected 201.")
    post: dict[str, Any] = answer.json()
    return post


def _promised(drill: Drill) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drill.scratch.setdefault("posts", [])
    return found


def _service(drill: Drill) -> Restartable:
    if drill.target.service is None:
        raise DrillError("The target has no posts service; let the scenario need one (`needs: [service]`).")
    return drill.target.service


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy has nothing to do with a service beside us
    return session
