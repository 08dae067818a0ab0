from metrics_svc.facts.interaction import CONTACTS, FROM_THEM, MEETINGS, VISITS
from metrics_svc.kpi import Kpi, Reading, Sum


def _read(contacts: Sum, inbound: Sum, visits: Sum, meetings: Sum) -> Reading:
    return Reading(contacts.n, {"inbound": inbound.n, "visits": visits.n, "meetings": meetings.n})


Kpi(
    "contacts",
    unit="count",
    title="Contacts with customers",
    title_zh="客户联系次数",
    of=(CONTACTS, FROM_THEM, VISITS, MEETINGS),
    read=_read,
    says="Calls, mails, chats, meetings and visits in the period, whoever began them and whatever came of them; beside them those that "
    "the customer began, visits and meetings.",
)
