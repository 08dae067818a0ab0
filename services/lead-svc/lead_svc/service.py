"""lead-svc: leads from capture to conversion, and the companies and people they are about."""

from dataclasses import replace
from pathlib import Path

from lead_svc.absences.api import router as absences
from lead_svc.assignment.api import leads as assignments
from lead_svc.assignment.api import router as assignment
from lead_svc.assignment.commands import AGAIN
from lead_svc.assignment.commands import FOLLOWING as ASSIGNING
from lead_svc.assignment.commands import move as assign_waiting
from lead_svc.assignment.policy import POLICY as ASSIGNMENT_POLICY
from lead_svc.assignment.timers import again
from lead_svc.attachments.api import delete_objects, sweep_uploads
from lead_svc.attachments.api import router as attachments
from lead_svc.automation.commands import FOLLOWING as AUTOMATING
from lead_svc.automation.policy import POLICY as AUTOMATION_POLICY
from lead_svc.automation.tasks import TO_DO
from lead_svc.bulk.api import forget as forget_bulk_jobs
from lead_svc.bulk.api import perform as perform_bulk_jobs
from lead_svc.bulk.api import router as bulk
from lead_svc.cadence.commands import FOLLOWS as CADENCE
from lead_svc.cadence.commands import move as move_followed
from lead_svc.cadence.commands import response_missed
from lead_svc.cadence.policy import POLICY as CADENCE_POLICY
from lead_svc.cadence.tasks import FIRST_RESPONSE, FOLLOW_UP
from lead_svc.calendar.api import router as calendar
from lead_svc.campaigns.api import router as campaigns
from lead_svc.campaigns.imports import router as spend_imports
from lead_svc.campaigns.imports import run_imports as run_spend_imports
from lead_svc.campaigns.rezone import follow as rezone
from lead_svc.capture.api import router as capture
from lead_svc.checks import CHECKS, RECOUNTS, TOTALS, nothing_hangs_on_merged
from lead_svc.consent.api import of_contacts, of_leads
from lead_svc.consent.follows import FOLLOWS as OPT_OUT
from lead_svc.consent.policy import POLICY as CONSENT_POLICY
from lead_svc.conversion.api import router as conversion
from lead_svc.conversion.reactions import READER as CONVERSION
from lead_svc.conversion.readers import FOLLOWS as READING
from lead_svc.conversion.readers import READERS, follow_all, follow_deals
from lead_svc.dealings.reactions import reader as dealings
from lead_svc.dormant.api import router as drives
from lead_svc.dormant.jobs import drives as move_drives
from lead_svc.duplicates.api import router as duplicates
from lead_svc.duplicates.commands import following as comparing
from lead_svc.duplicates.party_api import accounts as account_duplicates
from lead_svc.duplicates.party_api import contacts as contact_duplicates
from lead_svc.duplicates.policy import POLICY as DUPLICATE_POLICY
from lead_svc.forms.api import of_lead as submissions_of_lead
from lead_svc.forms.api import router as forms
from lead_svc.forms.intake import router as form_intake
from lead_svc.forms.policy import POLICY as FORM_POLICY
from lead_svc.forms.submissions import TAKE, take
from lead_svc.forms.upkeep import submissions as erase_submissions
from lead_svc.handover.api import router as handover
from lead_svc.handover.commands import move
from lead_svc.handover.reactions import READER as HAND_OVER
from lead_svc.imports.api import router as imports
from lead_svc.imports.api import run_imports
from lead_svc.interactions.api import router as interactions
from lead_svc.labels.api import router as labels
from lead_svc.leads.api import router as leads
from lead_svc.leads.commands import WAKE
from lead_svc.leads.tasks import WAKE_UP
from lead_svc.leads.timers import person_moved, wake, wake_up
from lead_svc.me.api import router as me
from lead_svc.merging.api import router as merging
from lead_svc.merging.naming import sweep
from lead_svc.merging.party_api import accounts as account_merges
from lead_svc.merging.party_api import contacts as contact_merges
from lead_svc.merging.policy import POLICY as MERGING_POLICY
from lead_svc.metadata import metadata
from lead_svc.parties.api import accounts, contacts
from lead_svc.parties.timers import TIERS, tell_tiers
from lead_svc.policy import POLICY
from lead_svc.pool.api import router as pool
from lead_svc.pool.commands import FOLLOWS as HOLDINGS
from lead_svc.pool.policy import POLICY as POOL_POLICY
from lead_svc.pool.upkeep import pool as give_back
from lead_svc.qualification.api import router as qualification
from lead_svc.qualification.policy import SIMULATIONS
from lead_svc.qualification.policy import move as move_leads
from lead_svc.rates.api import router as rates
from lead_svc.rates.imports import router as rate_imports
from lead_svc.rates.imports import run_imports as run_rate_imports
from lead_svc.scoring.api import rescorings
from lead_svc.scoring.api import router as scores
from lead_svc.scoring.commands import FOLLOWING as SCORES
from lead_svc.scoring.jobs import run as keep_scores
from lead_svc.scoring.policy import POLICY as SCORING
from lead_svc.scoring.simulations import SIMULATIONS as SCORING_SIMULATIONS
from lead_svc.search.api import router as search
from lead_svc.search.commands import following as indexing
from lead_svc.search.filling import run as fill_index
from lead_svc.search.reactions import READER as SEARCH
from lead_svc.signals.api import of_lead as signals_of_lead
from lead_svc.signals.api import router as signals
from lead_svc.signals.policy import POLICY as SIGNAL_POLICY
from lead_svc.signals.upkeep import visitors
from lead_svc.team.api import router as team
from lead_svc.team.rules import MOVED
from lead_svc.timeline.api import router as timeline
from lead_svc.views.api import router as views
from lead_svc.worklist.api import router as worklist
from shared.deadlines.commands import following as deadlines_following
from shared.deadlines.timers import deadline_timers
from shared.policy.company import COMPANY_POLICY
from shared.process.service import Service
from shared.tasks.commands import following
from shared.tasks.timers import task_timers

TASKS = (WAKE_UP, FOLLOW_UP, TO_DO)
DEADLINES = (FIRST_RESPONSE,)

service = Service(
    name="lead-svc",
    prefixes=[
        "/v1/leads",
        "/v1/assignment",
        "/v1/accounts",
        "/v1/contacts",
        "/v1/team",
        "/v1/me",
        "/v1/views",
        "/v1/labels",
        "/v1/imports/leads",
        "/v1/rates",
        "/v1/imports/rates",
        "/v1/rescorings",
        "/v1/campaigns",
        "/v1/imports/spend",
        "/v1/signals",
        "/v1/forms",
        "/v1/search",
    ],
    metadata=metadata,
    policies=[
        replace(POLICY, simulations=SIMULATIONS, move=move_leads),
        replace(ASSIGNMENT_POLICY, move=assign_waiting),
        replace(SCORING, simulations=SCORING_SIMULATIONS),
        AUTOMATION_POLICY,
        CADENCE_POLICY,
        replace(CONSENT_POLICY, move=move_followed),
        COMPANY_POLICY,
        FORM_POLICY,
        POOL_POLICY,
        MERGING_POLICY,
        SIGNAL_POLICY,
        DUPLICATE_POLICY,
    ],
    migrations=Path(__file__).parent / "migrations",
    routers=[
        duplicates,
        account_duplicates,
        contact_duplicates,
        capture,
        worklist,
        pool,
        bulk,
        leads,
        scores,
        rescorings,
        qualification,
        interactions,
        attachments,
        signals,
        signals_of_lead,
        forms,
        form_intake,
        submissions_of_lead,
        assignments,
        assignment,
        conversion,
        merging,
        timeline,
        accounts,
        contacts,
        account_merges,
        contact_merges,
        team,
        absences,
        handover,
        me,
        views,
        labels,
        imports,
        rates,
        rate_imports,
        campaigns,
        drives,
        of_leads,
        of_contacts,
        spend_imports,
        calendar,
        search,
    ],
    readers=[CONVERSION, HAND_OVER, dealings(follow_deals), SEARCH],
    timers={
        WAKE: wake,
        MOVED: person_moved,
        AGAIN: again,
        TIERS: tell_tiers,
        READERS: follow_all,
        TAKE: take,
        **task_timers(TASKS, {WAKE_UP.name: wake_up}),
        **deadline_timers(DEADLINES, {FIRST_RESPONSE.name: response_missed}),
    },
    follows=[
        indexing(),
        following(TASKS),
        deadlines_following(DEADLINES),
        CADENCE,
        OPT_OUT,
        comparing(),
        HOLDINGS,
        SCORES,
        ASSIGNING,
        AUTOMATING,
        READING,
    ],
    jobs=[
        run_imports,
        run_rate_imports,
        run_spend_imports,
        move,
        visitors,
        erase_submissions,
        keep_scores,
        give_back,
        move_drives,
        sweep,
        fill_index,
        sweep_uploads,
        delete_objects,
        perform_bulk_jobs,
        forget_bulk_jobs,
    ],
    checks=[*CHECKS, *nothing_hangs_on_merged(metadata)],
    recounts=RECOUNTS,
    totals=TOTALS,
    rezone=rezone,
    takes_turns=True,
    streamed=("/v1/imports/leads", "/v1/imports/rates", "/v1/imports/spend"),
    description="Leads from capture to conversion, and the companies and people they are about.",
)
