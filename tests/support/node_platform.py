"""A platform on npm's BullMQ: a node process that adds jobs, works on them and writes down what it saw."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.need import lacking, program
from support.redis_process import PASSWORD, RedisProcess

_NODE = Path(__file__).parents[1] / "node"


@dataclass
class NodePlatform:
    """One node process with the BullMQ of `major` (5 or 6); what it may be told stands in `node/platform.mjs`."""

    redis: RedisProcess
    major: int
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        folder = _NODE / f"v{self.major}"
        if not (folder / "node_modules" / "bullmq").is_dir():
            lacking(f"npm bullmq {self.major}", f"npm install --no-package-lock --prefix tests/node/v{self.major}")
        arguments = [program("node", "install Node.js 20"), _NODE / "platform.mjs", str(self.redis.port), PASSWORD]
        environment = {**os.environ, "BULLMQ_FOLDER": str(folder)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True, env=environment)

    def tell(self, action: str, **what: Any) -> Any:
        """Have it do something and give its answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": action, **what}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the node process ended while it was told to {action}"
        reply = json.loads(line)
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def kill(self) -> None:
        """End it as a crash does: nothing is handed back, no lock released."""
        self.process.kill()
        self._wait()

    def close(self) -> None:
        """Let it end by itself."""
        if self.process.poll() is None:
            assert self.process.stdin
            self.process.stdin.close()
        self._wait()

    def _wait(self) -> None:
        self.process.wait(timeout=120)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
