"""Copies of other services' active documents, as their events tell them."""

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from shared.db.query import Query
from shared.db.tables import POLICY_COPY
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.policy import PolicyActivated
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting

_given = insert(POLICY_COPY).values({c.name: bindparam(c.name) for c in POLICY_COPY.c})
_KEEP = Query(
    _given.on_conflict_do_update(
        index_elements=[POLICY_COPY.c.name],
        set_={c.name: _given.excluded[c.name] for c in POLICY_COPY.c if c.name != "name"},
        where=POLICY_COPY.c.version < _given.excluded.version,
    ),
    str,
)


@on(PolicyActivated)
async def policy_activated(tx: Tx, event: Envelope[PolicyActivated]) -> None:
    """Keeps the other services' documents.

    What is older than the copy changes nothing.
    """
    told = event.data
    if told.service != tx.context.service:
        await tx.run(
            _KEEP,
            name=told.name,
            service=told.service,
            number=told.version,
            document=told.document,
            active_from=told.active_from,
            version=event.version,
        )
        tx.changes_policy = True


READER = reacting("policies", policy_activated, split_from=(WHOLE,))
"""What every service hears."""
