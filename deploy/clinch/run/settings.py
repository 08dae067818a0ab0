"""The settings of the embedded run: where it listens, and what each service is given."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clinch.errors import CommandError
from clinch.ops.bus.file import remembered
from clinch.run.folder import DataFolder
from clinch.run.postgres import Postgres

if TYPE_CHECKING:
    from shared.process.settings import Settings

SERVICES = {
    "lead": "lead_svc.service",
    "deal": "deal_svc.service",
    "contract": "contract_svc.service",
    "metrics": "metrics_svc.service",
}
"""Database name of each service, and the module that holds its `service`."""
DATABASES = (*SERVICES, "bus")
ISSUER_PATH = "/dev-issuer"

# Durable: fsync and synchronous_commit stay on. `clinch backup` is a replica for a minute. The rest keeps one machine's memory small.
POSTGRES_OPTIONS: Mapping[str, str] = {
    "max_connections": "200",  # of which a restart needs many for a moment: the old processes and the new ones
    "shared_buffers": "128MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_line_prefix": "%m [%p] %d ",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Embedded:
    """One embedded run: its data folder, which remembers the bus, the port of its one origin, and that of the API's figures (0: none)."""

    folder: DataFolder
    port: int
    admin_port: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def development_issuer(self) -> str:
        return f"{self.origin}{ISSUER_PATH}"

    @property
    def issuer(self) -> str:
        """CLINCH_ISSUER, where there is an identity provider; then there is no development issuer."""
        return os.environ.get("CLINCH_ISSUER") or self.development_issuer

    @property
    def public_url(self) -> str:
        """CLINCH_PUBLIC_URL, where others reach the origin by another address."""
        return os.environ.get("CLINCH_PUBLIC_URL") or self.origin

    def postgres(self) -> Postgres:
        return Postgres(self.folder.postgres, self.folder.log("postgres"), POSTGRES_OPTIONS)

    def of_process(self, name: Literal["api", "worker"]) -> "Settings":
        """What concerns the process and not one of its services: logs, and the admin port, which for the worker is the next one."""
        admin_port = self.admin_port + (name == "worker") if self.admin_port else 0
        return self.of_service("bus").model_copy(update={"host": "127.0.0.1", "admin_port": admin_port})

    def of_service(self, database: str, kind: "type[Settings] | None" = None) -> "Settings":
        """Other settings (CLINCH_TIME_ZONE, CLINCH_FX_RATES ...) come from the environment, as everywhere.

        `kind` is the class that the service names; without it, what every service is told.
        """
        from shared.process.settings import Settings

        postgres = self.postgres()
        bus = remembered(self.folder).url or postgres.url("bus")
        return (kind or Settings)(
            database_url=postgres.url(database), bus_url=bus, issuer=self.issuer, port=self.port, public_url=self.public_url
        )


def other_systems() -> "dict[str, Settings]":
    """By database name, where CLINCH_LEAD_DATABASE_URL, its three siblings and CLINCH_BUS_URL name another system than the embedded one."""
    from shared.process.settings import Settings

    urls = {db: url for db in SERVICES if (url := os.environ.get(f"CLINCH_{db.upper()}_DATABASE_URL"))}
    if not urls:
        return {}
    missing = [f"CLINCH_{db.upper()}_DATABASE_URL" for db in SERVICES if db not in urls]
    bus = os.environ.get("CLINCH_BUS_URL")
    if missing or not bus:
        raise CommandError(f"Set {', '.join([*missing, *([] if bus else ['CLINCH_BUS_URL'])])} too.", 2)
    return {db: Settings(database_url=url, bus_url=bus, issuer="none") for db, url in urls.items()}
