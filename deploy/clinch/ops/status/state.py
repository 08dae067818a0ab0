"""The whole system at this moment, as far as it can be seen from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clinch.ops.status.company import CompanyState
from clinch.ops.status.figures import Figures
from clinch.ops.status.processes import ProcessState


@dataclass(frozen=True)
class SystemState:
    """`url` is the API's, None where it does not run here; `api` and `worker` are what each says is in the way, by service, and None
    where it does not answer or has no port to be asked at."""

    log: str
    on_kafka: bool
    url: str | None = None
    embedded: bool = True
    processes: tuple[ProcessState, ...] = ()
    api: Mapping[str, str] | None = None
    worker: Mapping[str, str] | None = None
    figures: Figures = field(default_factory=Figures)
    company: CompanyState | None = None
    moved_seconds: float = 0.0
    """How far `clinch clock` has moved the clock of the data folder."""

    @property
    def running(self) -> bool:
        return self.url is not None

    @property
    def ready(self) -> bool:
        """Whether callers are served."""
        return self.running and self.api == {}

    def health(self, process: ProcessState) -> str:
        """Of one of its processes, in a word or two."""
        if process.stopped:
            return "stands still"
        if process.name == "postgres":
            return "no answer" if self.figures.silent else "answers"
        said = {"api": self.api, "worker": self.worker}.get(process.name)
        if said is None:
            return "no answer" if process.name == "api" else "runs"
        return "not ready" if said else "ready"
