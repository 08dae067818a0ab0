"""What two services must agree on, each from its own data (quality.md §1, invariants 7 and 8)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """The two statements return the same rows; the first one's database owns the truth. Amounts are compared as exact decimals."""

    invariant: int
    says: str
    owner: str
    owners: str
    reader: str
    readers: str


AGREEMENTS = (
    Agreement(
        8,
        "deals by stage: count and amount in the reporting currency",
        "deal",
        "SELECT stage, count(*), sum(trim_scale(amount * fx))::text FROM deal GROUP BY stage ORDER BY stage",
        "metrics",
        "SELECT stage, count(*), sum(trim_scale(amount))::text FROM deal_fact WHERE stage IS NOT NULL GROUP BY stage ORDER BY stage",
    ),
    Agreement(
        8,
        "leads captured, by source",
        "lead",
        "SELECT coalesce(source, ''), count(*) FROM lead WHERE captured_at IS NOT NULL GROUP BY 1 ORDER BY 1",
        "metrics",
        "SELECT coalesce(source, ''), count(*) FROM lead_fact WHERE captured_at IS NOT NULL GROUP BY 1 ORDER BY 1",
    ),
    Agreement(
        8,
        "when each lead was captured",
        "lead",
        "SELECT captured_at::date, count(*), sum(extract(epoch FROM captured_at))::text FROM lead WHERE captured_at IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
        "metrics",
        "SELECT captured_at::date, count(*), sum(extract(epoch FROM captured_at))::text FROM lead_fact WHERE captured_at IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
    ),
    Agreement(
        8,
        "payments kept, in the reporting currency",
        "contract",
        "SELECT count(*), coalesce(sum(trim_scale(p.amount * c.fx)), 0)::text FROM payment p JOIN contract c ON c.id = p.contract_id "
        "WHERE p.reversed_at IS NULL",
        "metrics",
        "SELECT count(*), coalesce(sum(trim_scale(amount)), 0)::text FROM payment_fact "
        "WHERE received_at IS NOT NULL AND reversed_at IS NULL",
    ),
    Agreement(
        7,
        "leads that are customers: of which a deal is won",
        "deal",
        "SELECT count(DISTINCT lead_id) FROM deal WHERE stage = 'won'",
        "metrics",
        "SELECT coalesce(sum(CASE kind WHEN 'won' THEN 1 WHEN 'reversed' THEN -1 ELSE 0 END), 0)::bigint FROM lead_goal_fact",
    ),
    Agreement(
        7,
        "open deals that came from a lead, by lead and stage",
        "deal",
        "SELECT stage, count(*), count(DISTINCT lead_id) FROM deal WHERE lead_id IS NOT NULL AND closed_at IS NULL GROUP BY stage "
        "ORDER BY stage",
        "metrics",
        "SELECT stage, count(*), count(DISTINCT lead_id) FROM deal_fact WHERE line = 'lead' AND is_open GROUP BY stage ORDER BY stage",
    ),
    *[
        Agreement(
            8,
            f"who is in which team, as {service}-svc knows it",
            "lead",
            "SELECT person_id, team_id, team_path, role, active FROM roster ORDER BY person_id",
            service,
            "SELECT person_id, team_id, team_path, role, active FROM roster ORDER BY person_id",
        )
        for service in ("deal", "contract", "metrics")
    ],
)
