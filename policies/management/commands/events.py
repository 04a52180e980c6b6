"""The inbound stream of events: act upon what waits, list what was parked, try it again."""

import platform
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from policies.services.stream import drain, open_stream
from stellapolicy.kernel.clock import now


class Command(BaseCommand):
    help = "Acts upon events that wait in EVENTS_STREAM, lists those that were parked, or puts them back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["drain", "parked", "requeue"])

    def handle(self, *, deed: str, **_: Any) -> None:
        stream = open_stream()
        if stream is None:
            raise CommandError("EVENTS_STREAM names no stream")
        match deed:
            case "drain":
                done = drain(stream, consumer=platform.node(), clock=now)
                self.stdout.write(f"{done.handled} acted upon, {done.waiting} to be tried again, {done.parked} parked")
            case "requeue":
                self.stdout.write(f"{stream.requeue()} put back")
            case _:
                for key, reason in stream.parked_messages():
                    self.stdout.write(f"{key}  {reason}")
