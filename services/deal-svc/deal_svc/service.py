"""deal-svc: deals from opening to won or lost, their quotes, and the catalogue."""

from dataclasses import replace
from pathlib import Path

from deal_svc.approvals.api import router as approvals
from deal_svc.approvals.follows import FOLLOWS as APPROVALS_FOLLOW
from deal_svc.attachments.api import delete_objects, sweep_uploads
from deal_svc.attachments.api import router as attachments
from deal_svc.bulk.api import forget as forget_bulk_jobs
from deal_svc.bulk.api import perform as perform_bulk_jobs
from deal_svc.bulk.api import router as bulk
from deal_svc.catalog.api import router as catalog
from deal_svc.checks import CHECKS, RECOUNTS, TOTALS
from deal_svc.contacts import reactions as contacts_reactions
from deal_svc.contracts import reactions as contracts_reactions
from deal_svc.conversion import reactions as conversion_reactions
from deal_svc.conversion.api import router as conversion
from deal_svc.customer.api import public as customers
from deal_svc.customer.api import router as evidence
from deal_svc.deals import accounts
from deal_svc.deals import reactions as deals_reactions
from deal_svc.deals.api import router as deals
from deal_svc.discovery.api import router as discovery
from deal_svc.discovery.corrections_api import router as corrections
from deal_svc.discovery.tasks import KINDS
from deal_svc.handover.commands import hand_over
from deal_svc.imports.api import router as imports
from deal_svc.imports.api import run_imports
from deal_svc.merging import reactions as merging_reactions
from deal_svc.merging.commands import sweep
from deal_svc.metadata import metadata
from deal_svc.policy import POLICY
from deal_svc.price_lists.api import router as price_lists
from deal_svc.proposing.api import router as proposing
from deal_svc.quote_templates.api import router as quote_templates
from deal_svc.quotes.api import router as quotes
from deal_svc.quotes.approvals import QUOTE_APPROVALS
from deal_svc.quotes.document_api import router as quote_documents
from deal_svc.quotes.history_api import router as quote_history
from deal_svc.quotes.links_api import router as quote_links
from deal_svc.quotes.preview_api import router as template_previews
from deal_svc.quotes.price_api import router as quote_prices
from deal_svc.quotes.printing import print_sent
from deal_svc.quotes.timers import TIMERS
from deal_svc.rehoming.api import router as rehoming
from deal_svc.rezone import follow
from deal_svc.running import move
from deal_svc.simulations import SIMULATIONS
from deal_svc.stages import reactions as stages_reactions
from deal_svc.stages.api import router as stages
from deal_svc.team.api import router as team
from shared import rates
from shared.approvals.timers import timers_of
from shared.handover import store
from shared.parties import directory, references
from shared.process.service import Service
from shared.tasks.commands import following
from shared.tasks.timers import task_timers

service = Service(
    name="deal-svc",
    prefixes=["/v1/deals", "/v1/quotes", "/v1/products", "/v1/price-lists", "/v1/quote-templates", "/v1/imports/deals", "/p/quotes"],
    metadata=metadata,
    policies=[replace(POLICY, simulations=SIMULATIONS, move=move)],
    migrations=Path(__file__).parent / "migrations",
    routers=[
        bulk,
        deals,
        team,
        attachments,
        stages,
        conversion,
        discovery,
        corrections,
        quote_prices,
        proposing,
        rehoming,
        quotes,
        quote_history,
        approvals,
        quote_documents,
        quote_links,
        evidence,
        customers,
        catalog,
        price_lists,
        quote_templates,
        template_previews,
        imports,
    ],
    readers=[
        directory.reader(references.hear, accounts.follow),
        store.READER,
        rates.READER,
        conversion_reactions.READER,
        deals_reactions.READER,
        stages_reactions.READER,
        accounts.MEMBERS,
        contacts_reactions.READER,
        contracts_reactions.READER,
        merging_reactions.READER,
    ],
    timers={**TIMERS, **task_timers(KINDS), **timers_of(QUOTE_APPROVALS)},
    follows=[following(KINDS), APPROVALS_FOLLOW],
    jobs=[run_imports, hand_over, sweep, sweep_uploads, delete_objects, perform_bulk_jobs, forget_bulk_jobs, print_sent],
    checks=CHECKS,
    recounts=RECOUNTS,
    totals=TOTALS,
    rezone=follow,
    streamed=("/v1/imports/deals",),
    description=__doc__,
)
