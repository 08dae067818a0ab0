"""Acts: what people do with a record, each declared once, in the `rules.py` of its feature.

An act says who may do it, in which states, what it needs, where it leads and which events tell of it. From that follow
- `check`: 403 when none of the actor's roles ever may, 409 with everything that is unmet;
- `shown`: `allowed_actions` of an answer, without the acts that the actor's roles never may;
- `paths` and `moves`: the legal histories that `clinch verify` checks, and the tables and diagrams of docs/domain.md;
- one property test for all records: what is listed as allowed is accepted, what is not is refused with the same reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import Any, Generic, TypeVar, overload
from uuid import UUID

from shared.auth.actor import Actor, Role
from shared.errors import Forbidden, Rejected, Unmet
from shared.events.envelope import Event
from shared.known import ActName, ActOperation

R = TypeVar("R")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Who:
    """Which roles may act: on every record that they see, on their own ones, and on those that nobody owns; or anybody, without a token.

    Another system may act on every record that it sees when its token has the `scope`. Clinch itself may do everything. An act for
    nobody (`Who()`) is Clinch's alone and is never listed.
    """

    every: frozenset[Role] = frozenset()
    own: frozenset[Role] = frozenset()
    unowned: frozenset[Role] = frozenset()
    scope: str | None = None
    anybody: bool = False
    _always: frozenset[Role] = field(init=False, repr=False)
    _ever: frozenset[Role] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Sets meet sets below: they know the hashes of their roles, which an enum computes in Python each time.
        object.__setattr__(self, "_always", self.every | {Role.system})
        object.__setattr__(self, "_ever", self.roles | {Role.system})

    @property
    def roles(self) -> frozenset[Role]:
        return self.every | self.own | self.unowned

    def may_ever(self, by: Actor) -> bool:
        return self.anybody or not by.roles.isdisjoint(self._ever) or self.scope in by.scopes

    def may(self, by: Actor, owner: UUID | None) -> bool:
        if self.anybody or not by.roles.isdisjoint(self._always) or self.scope in by.scopes:
            return True
        if owner is None:
            return not by.roles.isdisjoint(self.unowned)
        return owner == by.id and not by.roles.isdisjoint(self.own)


def who(*every: Role, own: Iterable[Role] = (), unowned: Iterable[Role] = (), scope: str | None = None) -> Who:
    """`who(Role.marketing, *LEADERS, own=OWNERS, scope="leads:write")`.

    Marketing and leaders on all that they see, owners on their own, and other systems with that scope.
    """
    return Who(frozenset(every), frozenset(own), frozenset(unowned), scope)


ANYBODY = Who(anybody=True)


def _stateless(_record: Any) -> None:
    return None


def _wrong_state(_record: Any, needed: Sequence[str]) -> Unmet:
    return Unmet("wrong_state", f"This needs {' or '.join(needed)}.")


def _here(_record: Any) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Subject(Generic[R, F]):
    """The kind of record that acts are done with.

    `F`: what guards ask besides the record, read from the database; None for nothing.

    `label` names the record in sentences. `state` and `owner` tell them of a record. `not_owner` and `wrong_state` are what
    somebody reads who is not the owner, or comes at the wrong time. A record without states leaves out all that is about them.
    `gone`: why nothing can be done with a record any more but to bring it back, whatever the act asks; its code is that of the refusal.
    """

    name: str
    label: str
    owner: Callable[[R, F], UUID | None]
    not_owner: Unmet
    states: type[StrEnum] | None = None
    state: Callable[[R], str | None] = _stateless
    wrong_state: Callable[[R, Sequence[str]], Unmet] = _wrong_state
    gone: Callable[[R], Unmet | None] = _here

    def check_here(self, record: R) -> None:
        """Raise `Rejected` for a record that is gone: for what is no act of its own."""
        if gone := self.gone(record):
            raise Rejected(gone.message, code=gone.code, unmet=[gone])


def _nothing(_record: Any, _facts: Any, _by: Actor) -> Iterable[Unmet]:
    return ()


def nobody(_record: Any, _facts: Any, _by: Actor) -> bool:
    return False


def _no_body(_record: Any, _by: Actor) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Act(Generic[R, F]):
    """One act.

    `name` is how `allowed_actions` lists it, `operation` the id of the route that performs it; both are public. Without `operation` and
    `who` it is the system's.

    - `states`: those it can be done in; None for all. An act that makes a record (`makes`) has no state before.
    - `to`: where it leads, from every one of `states`; empty when the state stays. `moves` gives pairs where that is too coarse.
    - `repeats`: states in which doing it again gives the first result again, though it is not listed as allowed.
    - `bulk`: whether it is also done with many records at once (`shared.bulk`).
    - `elsewhere`: whether an operation of another service performs it. It is listed here, where people look for it, and that service
      decides.
    - `brings_back`: whether it is for a record that is gone.
    - `named`: whether the record itself names the actor, who then may act whatever their roles, such as a delegate.
    - `needs`: guards that the record, its facts and the actor decide. What a body decides is given to `check` as `also`.
    - `tells`: the events of which one, or each, tells that it was done.
    - `refused`, `code`: the sentence and the code of a 409.
    - `says`: what it does, for docs/domain.md, in one sentence. `asks`: what its guards ask, in a few words.
    - `sample`: a minimal valid body (and path parameters by name) for this record by this actor, for tests; None where no request
      could ask for it, such as a move beyond the last stage.
    """

    of: Subject[R, F]
    name: str
    operation: str | None = None
    who: Who = Who()
    refused: str = "This cannot be done now."
    code: str = "rejected"
    states: tuple[str, ...] | None = None
    to: tuple[str, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()
    makes: bool = False
    repeats: tuple[str, ...] = ()
    bulk: bool = False
    brings_back: bool = False
    elsewhere: bool = False
    named: Callable[[R, F, Actor], bool] = nobody
    needs: Callable[[R, F, Actor], Iterable[Unmet]] = _nothing
    tells: tuple[type[Event], ...] = ()
    not_owner: Unmet | None = None
    wrong_state: Unmet | None = None
    says: str = ""
    asks: str = ""
    sample: Callable[[R, Actor], dict[str, Any] | None] = field(default=_no_body)

    def unmet(self, record: R, facts: F, by: Actor) -> list[Unmet]:
        """Everything that stands in the way now, whoever the actor is."""
        if not self.brings_back and (gone := self.of.gone(record)):
            return [gone]
        missing = []
        if self.states is not None and self.of.state(record) not in self.states:
            missing.append(self.wrong_state or self.of.wrong_state(record, self.states))
        if not self.who.may(by, self.of.owner(record, facts)) and not self.named(record, facts, by):
            missing.append(self.not_owner or self.of.not_owner)
        return [*missing, *self.needs(record, facts, by)]

    def permit(self, by: Actor) -> None:
        """Raise `Forbidden` when none of the actor's roles ever may: all that there is to check before a record is made."""
        if not self.who.may_ever(by):
            raise Forbidden(f"This is for {_either(sorted(self.who.roles), self.who.scope)}.")

    @overload
    def check(self: "Act[R, None]", record: R, by: Actor, *, also: Iterable[Unmet] = ()) -> None: ...
    @overload
    def check(self, record: R, by: Actor, *, facts: F, also: Iterable[Unmet] = ()) -> None: ...
    def check(self, record: R, by: Actor, *, facts: Any = None, also: Iterable[Unmet] = ()) -> None:
        """Raise `Forbidden` when the actor's roles never may, `Rejected` with all that is unmet now.

        `also`: what the body decides.
        """
        if not self.named(record, facts, by):
            self.permit(by)
        if not self.brings_back:
            self.of.check_here(record)
        if unmet := [*self.unmet(record, facts, by), *also]:
            raise Rejected(self.refused, code=self.code, unmet=unmet)

    @property
    def paths(self) -> tuple[tuple[str | None, str], ...]:
        """From which state to which it leads, None before the record is made; nothing when the state stays."""
        if self.moves:
            return self.moves
        before: Sequence[str | None] = [None] if self.makes else self.states or [*(self.of.states or ())]
        return tuple((a, b) for a in before for b in self.to)


def declared_in(*modules: ModuleType) -> Iterator[Act[Any, Any]]:
    """The acts that modules declare, alone or in a collection, in their order and each once."""
    found: dict[int, Act[Any, Any]] = {}
    for module in modules:
        for value in vars(module).values():
            several = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else (value,)
            found |= {id(act): act for act in several if isinstance(act, Act) and id(act) not in found}
    yield from found.values()


def acts_of(subject: Subject[R, Any], *modules: ModuleType) -> tuple[Act[R, Any], ...]:
    """What can be done with this kind of record: the acts that these modules declare. A new one is listed by being declared."""
    return tuple(act for act in declared_in(*modules) if act.of is subject)


def _either(names: Sequence[str], scope: str | None) -> str:
    parts = [f"the role {' or '.join(names)}"] if names else []
    parts += [f"clients with the scope {scope}"] if scope else []
    return ", and for ".join(parts) or "the system alone"


@dataclass(frozen=True, slots=True)
class AllowedAction:
    """An action of the record.

    When it is not `allowed` now, `unmet` lists every guard that stands in the way.

    `operation_id` is that of the operation that performs it, as the OpenAPI document names it.
    """

    # A dataclass: an answer holds a dozen of them, and models take three times as long to make.
    action: ActName
    allowed: bool
    unmet: list[Unmet]
    operation_id: ActOperation


@overload
def shown(acts: Sequence[Act[R, None]], record: R, by: Actor) -> list[AllowedAction]: ...
@overload
def shown(acts: Sequence[Act[R, F]], record: R, by: Actor, facts: F) -> list[AllowedAction]: ...
def shown(acts: Sequence[Act[R, Any]], record: R, by: Actor, facts: Any = None) -> list[AllowedAction]:
    """`allowed_actions` of the record for this actor: acts that the actor's roles never may are not listed."""
    listed = []
    for act in acts:
        if act.operation is not None and not act.makes and (act.who.may_ever(by) or act.named(record, facts, by)):
            unmet = act.unmet(record, facts, by)
            listed.append(AllowedAction(act.name, not unmet, unmet, act.operation))
    return listed
