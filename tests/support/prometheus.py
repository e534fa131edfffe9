"""Prometheus and Alertmanager, as `./run setup` fetches them: run on files of `deploy`, and asked over HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientError, ClientSession, web

from tests.support.program import Program

DEPLOY = Path(__file__).parents[2] / "deploy"
_PATIENCE = 60.0

_FETCHED = Path(__file__).parents[2] / ".hub/tools/usr/bin"


def tool(*names: str) -> str:
    """The program of one of these names."""
    for name in names:
        if program := shutil.which(name, path=f"{os.environ['PATH']}:{_FETCHED}"):
            return program
    raise AssertionError(f"{names[0]} is missing: `./run setup` fetches it.")


def run_tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool or amtool to its end."""
    return subprocess.run([tool(name), *arguments], capture_output=True, text=True, check=False)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def ask(url: str, **parameters: str) -> Any:
    """What a page answers, JSON decoded; None while nobody answers."""
    try:
        async with ClientSession() as session, session.get(url, params=parameters) as response:
            return await response.json() if response.status == 200 else None
    except ClientError:
        return None


class Webhook:
    """What Alertmanager's receivers tell: each notification with the receiver it was for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.notifications: list[tuple[str, dict[str, Any]]] = []

    def told(self, status: str) -> dict[tuple[str, ...], str]:
        """Alerts that were ever told with this status, as (name, department, severity), and to whom."""
        return {
            tuple(alert["labels"].get(label, "") for label in ("alertname", "department", "severity")): receiver
            for receiver, notification in self.notifications
            for alert in notification["alerts"]
            if alert["status"] == status
        }


@asynccontextmanager
async def webhook() -> AsyncIterator[Webhook]:
    """A receiver that listens while the block runs."""

    async def take(request: web.Request) -> web.Response:
        taken.notifications.append((request.match_info["receiver"], await request.json()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/{receiver}", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taken = Webhook(f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield taken
    finally:
        await runner.cleanup()


class Alertmanager(Program):
    """Alertmanager on deploy's configuration: every receiver is a webhook, and nothing is waited for."""

    def __init__(self, directory: Path, hook: Webhook) -> None:
        directory.mkdir()
        config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
        config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
        for receiver in config["receivers"]:
            receiver["webhook_configs"] = [{"url": f"{hook.url}/{receiver['name']}", "send_resolved": True}]
        (directory / "alertmanager.yml").write_text(yaml.safe_dump(config))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            (
                f"--config.file={directory / 'alertmanager.yml'}",
                f"--storage.path={directory}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
            ),
            {},
            directory / "log",
            executable=tool("alertmanager", "prometheus-alertmanager"),
        )

    async def alerts(self) -> list[dict[str, Any]] | None:
        """The alerts it holds now; None while it does not answer."""
        found: list[dict[str, Any]] | None = await ask(f"{self.url}/api/v2/alerts")
        return found


class Prometheus(Program):
    """Prometheus on deploy's rules, scraping one worker and one sender, and evaluating every second."""

    def __init__(self, directory: Path, worker_port: int, sender_port: int, alertmanager: Alertmanager) -> None:
        self.directory = directory
        shutil.copytree(DEPLOY / "prometheus", directory)
        config: dict[str, Any] = yaml.safe_load((directory / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"] = [
            {"job_name": job["job_name"], "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for job, port in zip(config["scrape_configs"], (worker_port, sender_port), strict=True)
        ]
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]}]
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            (
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-lifecycle",
                "--rules.alert.resend-delay=10s",  # it is a minute; an Alertmanager that was away must wait that long
            ),
            {},
            directory / "log",
            executable=tool("prometheus"),
        )

    async def query(self, expression: str) -> list[dict[str, Any]] | None:
        """What an expression gives now; None while it does not answer."""
        answer = await ask(f"{self.url}/api/v1/query", query=expression)
        return None if answer is None else answer["data"]["result"]

    async def firing(self) -> set[tuple[str, ...]]:
        """The alerts that fire, as (name, department, severity)."""
        found = await self.query('ALERTS{alertstate="firing"}') or []
        names = ("alertname", "department", "severity")
        return {tuple(each["metric"].get(name, "") for name in names) for each in found}

    async def forget_at_once(self) -> None:
        """From now on an alert ends as soon as its cause does."""
        path = self.directory / "rules.yml"
        path.write_text(re.sub("keep_firing_for: .*", "keep_firing_for: 1s", path.read_text()))
        async with ClientSession() as session, session.post(f"{self.url}/-/reload") as response:
            assert response.status == 200, await response.text()


async def eventually(holds: Callable[[], Any], what: str) -> None:
    """Wait until something is so; `holds` may be asynchronous."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = holds()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.2)
    raise AssertionError(what)
