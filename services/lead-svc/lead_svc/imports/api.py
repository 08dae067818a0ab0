"""The import of leads over HTTP and in the worker: the shared machinery with our form and our command."""

from functools import partial

from lead_svc.imports.commands import take
from lead_svc.imports.form import LeadRow
from shared.acts import who
from shared.auth import Role
from shared.imports import job
from shared.imports.api import imports_router
from shared.imports.importer import Importer

LEAD_IMPORT = Importer(
    "leads",
    LeadRow,
    take,
    who(Role.admin, Role.ops, Role.sales_ops, Role.marketing, Role.director),
    work=True,
)

router = imports_router(LEAD_IMPORT)
run_imports = partial(job.run, LEAD_IMPORT)
