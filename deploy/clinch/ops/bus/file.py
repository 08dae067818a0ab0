"""The bus of a data folder, remembered in it: a consumer's offset means something only on the log that it was made on."""

import json
import os
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from clinch.errors import CommandError
from clinch.run.folder import DataFolder
from shared.log.bus import check_url

OWN = "postgres"
"""How the command line names the log in the folder's own Postgres."""
SCHEMES = ("kafka://", "kafkas://", "postgresql://")


@dataclass(frozen=True)
class FolderBus:
    """`url` is None for the log in the folder's own Postgres; `cluster` is Kafka's id of itself, None until it was asked."""

    url: str | None = None
    cluster: str | None = None

    @property
    def on_kafka(self) -> bool:
        return self.url is not None and self.url.startswith("kafka")

    def __str__(self) -> str:
        """For the terminal, so without user and password."""
        if self.url is None:
            return "its own Postgres"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def place(self) -> str:
        """Where the log is."""
        return f"{'in' if self.url is None else 'at'} {self}"


def named(word: str) -> FolderBus:
    """The bus that the command line names. Raises CommandError."""
    if word != OWN and not word.startswith(SCHEMES):
        raise CommandError("The bus URL must begin with kafka://, kafkas:// or postgresql://.", 2)
    if word != OWN:
        try:
            check_url(word)
        except ValueError as error:
            raise CommandError(f"The bus URL cannot be used: {error}.", 2) from None
    return FolderBus(None if word == OWN else word)


def remembered(folder: DataFolder) -> FolderBus:
    """A folder that remembers none has its log in its own Postgres."""
    try:
        return FolderBus(**json.loads(folder.bus.read_text()))
    except FileNotFoundError:
        return FolderBus()


def remember(folder: DataFolder, bus: FolderBus) -> None:
    """Whole or not at all, whenever the machine stops. Only its owner may read it: the URL can hold a password."""
    draft = folder.bus.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(bus), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder.bus)
