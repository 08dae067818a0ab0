"""What keeps somebody from claiming a lead, and what an assignment means for the pool."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from lead_svc.pool.policy import PoolPolicy
from lead_svc.pool.record import Change, Standing
from lead_svc.pool.rules import change, claim_unmet, free_at, limited, returns
from shared.events.lead import LeadAssigned
from shared.ids import new_id

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN, BOB = new_id(), new_id()
STRICT = PoolPolicy(claims_a_day=3, most_held=10, claim_again_days=30)


def codes(policy: PoolPolicy, claimed: int = 0, held: int = 0, lost_at: datetime | None = None) -> list[str]:
    lead = new_id()
    lost = {lead: lost_at} if lost_at else {}
    return [unmet.code for unmet in claim_unmet(Standing(claimed, held, lost), lead, policy, NOW)]


def test_what_keeps_somebody_from_a_claim() -> None:
    assert codes(STRICT, 2, 9) == []
    assert codes(STRICT, 3) == ["claimed_enough"]
    assert codes(STRICT, 0, 10) == ["held_enough"]
    assert codes(STRICT, lost_at=NOW - timedelta(days=29)) == ["lost_before"]
    assert codes(STRICT, lost_at=NOW - timedelta(days=30)) == []
    assert codes(STRICT, 4, 11, NOW) == ["claimed_enough", "held_enough", "lost_before"]
    assert codes(PoolPolicy(), 1000, 1000, NOW) == [], "it begins without limits"


def test_a_policy_without_limits_asks_nothing() -> None:
    assert not limited(PoolPolicy())
    assert not returns(PoolPolicy())
    assert limited(PoolPolicy(claim_again_days=1))
    assert returns(PoolPolicy(return_of_leavers=True))
    with pytest.raises(ValidationError, match="set most_held"):
        PoolPolicy(return_beyond=True)


def test_from_when_on_it_can_be_claimed_again() -> None:
    assert free_at(None, NOW, 30) is None
    assert free_at(NOW, NOW, 0) is None
    assert free_at(NOW - timedelta(days=1), NOW, 30) == NOW + timedelta(days=29)


@pytest.mark.parametrize(
    ("to", "before", "rule", "by", "then"),
    [
        (ANN, None, "manual", ANN, (ANN, Change.CLAIMED)),
        (ANN, None, "upsert", ANN, (ANN, Change.CLAIMED)),
        (ANN, None, "manual", BOB, None),
        (ANN, None, "rule", ANN, None),
        (ANN, BOB, "manual", BOB, (ANN, Change.GOT)),
        (ANN, BOB, "hand_over", BOB, (ANN, Change.GOT)),
        (None, BOB, "manual", BOB, (BOB, Change.LOST)),
        (None, BOB, "untouched", ANN, (BOB, Change.LOST)),
        (None, None, "import", ANN, None),
    ],
)
def test_who_claimed_got_or_lost_it(to: UUID | None, before: UUID | None, rule: str, by: UUID, then: object) -> None:
    assert change(LeadAssigned(owner_id=to, team_id=None, previous_owner_id=before, rule=rule), by) == then
