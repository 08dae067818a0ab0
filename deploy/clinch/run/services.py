"""The four services as the processes of an embedded run load them."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clinch.errors import CommandError
from clinch.run.settings import SERVICES
from shared.process.service import Service


def load(database: str) -> Service:
    service: Service = importlib.import_module(SERVICES[database]).service
    return service


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
