"""What `clinch verify` asks of lead-svc's data: histories are paths of its acts, and end where the lead is."""

from dataclasses import replace

from sqlalchemy import MetaData

from lead_svc.acts import LEAD_ACTS
from lead_svc.duplicates.commands import KINDS
from lead_svc.forms.rules import DEFINE, FORM_ACTS
from lead_svc.merging.hanging import hanging
from lead_svc.merging.record import MergeKind
from lead_svc.scoring.recount import differing
from lead_svc.search.recount import differing as found_otherwise
from shared.events.lead import LeadCaptured
from shared.verify import ACCOUNTS_TOTAL, RATES_TOTAL, Check, Recount, Total, legal_histories

_TOLD_OTHERWISE = """
WITH RECURSIVE tree AS (
  SELECT id, ARRAY[id] AS path FROM team WHERE parent_id IS NULL
  UNION ALL SELECT t.id, tree.path || t.id FROM team t JOIN tree ON tree.id = t.parent_id
)
SELECT coalesce(p.id, r.person_id) FROM person p LEFT JOIN tree ON tree.id = p.team_id FULL JOIN roster r ON r.person_id = p.id
WHERE (p.id, p.role, p.active, p.team_id, coalesce(tree.path, '{}'))
IS DISTINCT FROM (r.person_id, r.role, r.active, r.team_id, r.team_path)
"""

_OF_NOTHING = """
SELECT d.id FROM {0}_duplicate d LEFT JOIN {0} a ON a.id = d.{0}_id LEFT JOIN {0} b ON b.id = d.other_id
WHERE a.id IS NULL OR b.id IS NULL
"""


def nothing_hangs_on_merged(metadata: MetaData) -> list[Check]:
    """What hung on a merged record has moved. The tables are looked through when all are known."""
    return [
        Check(
            9,
            f"nothing hangs on a {kind} that was merged into another one",
            " UNION ALL ".join(
                f"SELECT '{one.table} ' || x.{one.key} FROM {one.table} x "
                f"JOIN {kind} m ON m.id = x.{one.column} WHERE m.merged_into IS NOT NULL"
                for one in hanging(metadata, kind)
            ),
        )
        for kind in MergeKind
    ]


CHECKS = (
    *legal_histories(LEAD_ACTS, table="lead", column="state", stays=[LeadCaptured]),
    Check(9, "a signal is told once its lead is known", "SELECT id FROM signal WHERE (version = 0) <> (lead_id IS NULL)"),
    *(each for kind in KINDS for each in legal_histories(kind.acts, table=kind.pairs.table.name, column="state")),
    *(Check(9, f"a pair is of two {kind.name}s that exist", _OF_NOTHING.format(kind.name)) for kind in KINDS),
    *legal_histories((DEFINE, *FORM_ACTS), table="form", column="state"),
    Check(9, "what was taken from a form is told", "SELECT id FROM form_submission WHERE state = 'taken' AND version = 0"),
    Check(
        9,
        "a form is the last of its versions",
        "SELECT f.id FROM form f LEFT JOIN form_version v ON v.form_id = f.id AND v.number = f.version "
        "WHERE (v.state, v.definition) IS DISTINCT FROM (f.state, f.definition)",
    ),
    Check(9, "a converted lead names its deal", "SELECT id FROM lead WHERE state IN ('converting', 'converted') AND deal_id IS NULL"),
    Check(
        9,
        "nobody waits for the wake-up date of a lead that is not put aside",
        "SELECT task.id FROM task JOIN lead ON lead.id = task.record_id "
        "WHERE task.kind = 'wake_up' AND task.state = 'open' AND lead.state <> 'nurturing'",
    ),
    Check(
        9,
        "nobody follows up a lead that is closed, put aside or handed over, or that nobody owns",
        "SELECT task.id FROM task JOIN lead ON lead.id = task.record_id WHERE task.kind = 'follow_up' AND task.state = 'open' "
        "AND (lead.owner_id IS NULL OR lead.state NOT IN ('captured', 'mql', 'sql'))",
    ),
    Check(
        9,
        "an open lead whose follow-up was done has the next one",
        "SELECT lead.id FROM lead JOIN LATERAL (SELECT state FROM task WHERE record_id = lead.id AND kind = 'follow_up' "
        "ORDER BY id DESC LIMIT 1) last ON last.state = 'done' "
        "WHERE lead.owner_id IS NOT NULL AND lead.state IN ('captured', 'mql', 'sql') "
        "AND NOT EXISTS (SELECT FROM lead_stop WHERE lead_id = lead.id)",
    ),
    Check(
        9,
        "an open lead that somebody owns has a follow-up, or a reason why it has none",
        "SELECT lead.id FROM lead WHERE lead.owner_id IS NOT NULL AND lead.state IN ('captured', 'mql', 'sql') AND NOT lead.imported "
        "AND NOT EXISTS (SELECT FROM task WHERE record_id = lead.id AND kind = 'follow_up' AND state = 'open') "
        "AND NOT EXISTS (SELECT FROM lead_stop WHERE lead_id = lead.id)",
    ),
    Check(
        9,
        "a drive has counted the leads that it took up again",
        "SELECT id FROM campaign_drive d WHERE reactivated <> (SELECT count(*) FROM campaign_drive_lead WHERE drive_id = d.id)",
    ),
    Check(
        9,
        "a lead is merged as long as its merge stands, and into the survivor of that",
        "SELECT coalesce(l.id, m.absorbed_id) FROM (SELECT * FROM lead WHERE state = 'merged' OR merged_into IS NOT NULL) l "
        "FULL JOIN (SELECT * FROM merge WHERE kind = 'lead' AND undone_at IS NULL) m ON m.absorbed_id = l.id "
        "WHERE l.merged_into IS DISTINCT FROM m.survivor_id OR l.state IS DISTINCT FROM 'merged'",
    ),
    Check(8, "the directory has each person's role and team, and whether they have left", _TOLD_OTHERWISE),
    Check(
        9,
        "a lead that waits for the rules has no owner",
        "SELECT a.lead_id FROM lead_assignment a JOIN lead l ON l.id = a.lead_id WHERE a.outcome = 'waiting' AND l.owner_id IS NOT NULL",
    ),
)

RECOUNTS = (
    Recount(7, "the score of a lead is what the lines of its explanation add up to", differing),
    Recount(7, "each record is found by what it says, and by nothing else", found_otherwise),
)

TOTALS = (
    RATES_TOTAL,
    replace(ACCOUNTS_TOTAL, sql="SELECT id, name, region, owner_id, tier FROM account ORDER BY id"),
    Total(
        8,
        "leads captured, by source",
        "SELECT coalesce(source, ''), count(*) FROM lead WHERE captured_at IS NOT NULL AND merged_into IS NULL GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "touches, by campaign",
        "SELECT coalesce(campaign, ''), count(*), count(DISTINCT lead_id) FROM signal "
        "WHERE lead_id IS NOT NULL AND coalesce(source, campaign, medium) IS NOT NULL GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "money spent, by campaign",
        "SELECT c.name, count(*), trim_scale(sum(s.amount * s.fx))::text FROM campaign_spend s JOIN campaign c ON c.id = s.campaign_id "
        "WHERE s.amount > 0 GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "when each lead was captured",
        "SELECT captured_at::date, count(*), sum(extract(epoch FROM captured_at))::text FROM lead "
        "WHERE captured_at IS NOT NULL AND merged_into IS NULL "
        "GROUP BY 1 ORDER BY 1",
    ),
)
