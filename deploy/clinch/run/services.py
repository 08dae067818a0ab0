"""The four services as the processes of an embedded run load them."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clinch.errors import CommandError
from clinch.run.settings import SERVICES, Embedded
from shared.company import settle
from shared.process.service import Service
from shared.process.settings import Settings


def load(database: str) -> Service:
    service: Service = importlib.import_module(SERVICES[database]).service
    return service


async def with_settings(run: Embedded) -> list[tuple[Service, Settings]]:
    """All four, each with the settings that its processes are started with."""
    loaded = {database: load(database) for database in SERVICES}
    return [(service, await settle(run.of_service(database, service.settings))) for database, service in loaded.items()]


@contextmanager
def exit_on_bad_settings() -> Iterator[None]:
    """What cannot be is one line on standard error; exit code 2, a bad setting, tells the supervisor not to try again."""
    from pydantic import ValidationError

    from shared.company import OtherCompany
    from shared.process.settings import one_line

    try:
        yield
    except ValidationError as error:
        print(one_line(error), file=sys.stderr)
        sys.exit(2)
    except OtherCompany as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except CommandError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
