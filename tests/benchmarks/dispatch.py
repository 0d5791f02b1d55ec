"""What one dispatch costs: `python tests/benchmarks/dispatch.py [alerts]`.

Six channels, fifty silences and two inhibitions with regular expressions; half of the alerts are inhibited. First the
tick in which everything is new, then the one after it, in which everything is held.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.dispatching import POLICY, REDIS_DOWN, a_silence, an_alert
from support.facts import NOON

from maxbooster_ops.alerting.dispatching.dispatch import Recent, dispatch
from maxbooster_ops.alerting.dispatching.inhibition import Inhibition
from maxbooster_ops.alerting.dispatching.policy import Policy, Route
from maxbooster_ops.alerting.dispatching.silence import parse_matcher
from maxbooster_ops.alerting.rule import Severity

ROUNDS = 9

PLATFORM_DOWN = Inhibition(
    name="platform down",
    source=(parse_matcher("rule=~monitor_.*"),),
    target=(parse_matcher("component=~probes|pages"),),
    equal=("service",),
)


def main(count: int) -> None:
    alerts = [an_alert(id="cause", rule="redis_down", component="redis", severity=Severity.CRITICAL)]
    alerts += [
        an_alert(id=f"a{number}", labels={"queue": f"queue-{number}"}, component=["queues", "api"][number % 2])
        for number in range(count - 1)
    ]
    silences = [a_silence(f"queue=~other-{number}-.*", id=f"s{number}") for number in range(50)]
    routes = (*POLICY.routes, *(Route(channel=name, least=Severity.WARNING) for name in ("teams", "discord")))
    policy = Policy(routes=routes, inhibitions=(REDIS_DOWN, PLATFORM_DOWN))
    print(f"{count} alerts, {len(routes)} channels, {len(silences)} silences")
    first = dispatch(alerts, silences, policy, [], NOON)
    recent = [Recent(channel=message.channel, group=message.group, at=NOON) for message in first.messages]
    for title, given, lately, now in (
        ("all new", alerts, [], NOON),
        ("all held", first.alerts, recent, NOON + timedelta(seconds=10)),
    ):
        seconds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            dispatched = dispatch(given, silences, policy, lately, now)
            seconds.append(time.perf_counter() - began)
        print(
            f"{title:>10}: median {1000 * median(seconds):4.0f} ms, slowest {1000 * max(seconds):4.0f} ms, "
            f"{len(dispatched.messages)} messages, {len(dispatched.decisions)} decisions"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
