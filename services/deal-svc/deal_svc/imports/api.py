"""The import of deals over HTTP and in the worker: the shared machinery with our form and our command."""

from functools import partial

from deal_svc.imports.commands import take
from deal_svc.imports.form import DealRow
from deal_svc.imports.rules import CORRECT, IMPORT
from shared.imports import job
from shared.imports.api import imports_router
from shared.imports.importer import Importer

DEAL_IMPORT = Importer(
    "deals",
    DealRow,
    take,
    IMPORT.who,
    work=True,
    correct=partial(take, correct=True),
    correcting=CORRECT.who,
)

router = imports_router(DEAL_IMPORT)
run_imports = partial(job.run, DEAL_IMPORT)
