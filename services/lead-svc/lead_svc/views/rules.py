"""Who saves, changes and removes views."""

from collections.abc import Collection, Iterator
from uuid import UUID

from lead_svc.views.record import VIEW
from shared.acts import Act, who
from shared.auth.actor import Role
from shared.errors import Unmet
from shared.events.view import ViewChanged, ViewRemoved, ViewSaved

MOST = 100
"""Views of one person: what is chosen from is no store of data."""

_PEOPLE = [role for role in Role if role not in (Role.system, Role.service)]

SAVE = Act(
    of=VIEW,
    name="save",
    operation="save_view",
    who=who(own=_PEOPLE),
    makes=True,
    tells=(ViewSaved,),
    refused="The view cannot be saved.",
    code="cannot_save_view",
    says="Keeps the filters, order and columns of a list under a name, for oneself or for a team too.",
    asks=f"Another name than your other views of this list, fewer than {MOST} of them; your own team or one below it.",
)
CHANGE = Act(
    of=VIEW,
    name="change",
    operation="change_view",
    who=who(own=_PEOPLE),
    tells=(ViewChanged,),
    refused="The view cannot be changed.",
    code="cannot_change_view",
    says="Changes the view, or whom it is shared with.",
    asks="As for saving it.",
    sample=lambda *_: {"sort": None, "columns": ["id"]},
)
REMOVE = Act(
    of=VIEW,
    name="remove",
    operation="remove_view",
    who=who(Role.admin, Role.sales_ops, own=_PEOPLE),
    tells=(ViewRemoved,),
    refused="The view cannot be removed.",
    code="cannot_remove_view",
    says="Removes the view; of people who left, an admin or sales operations does.",
)
VIEW_ACTS = (SAVE, CHANGE, REMOVE)


def save_unmet(name: str, others: Collection[str]) -> Iterator[Unmet]:
    """`others`: the names of this person's other views of the list."""
    if name in others:
        yield Unmet("name_taken", "You have a view of this list with this name; choose another one.")


def most_unmet(views: int) -> Iterator[Unmet]:
    if views >= MOST:
        yield Unmet("too_many", f"You have {views} views, and {MOST} at most: remove one first.")


def team_unmet(path: Collection[UUID], own: UUID | None) -> Iterator[Unmet]:
    """`path`: from the root team to the one that it is shared with; `own`: the team that the person is in."""
    if own not in path:
        yield Unmet("not_in_team", "A view is shared with your own team or one below it.")
