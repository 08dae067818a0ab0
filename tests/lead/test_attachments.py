"""Files attached to leads: taken when they are what they say, sent as they came, seen by whoever sees the lead, gone when removed."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import httpx
import pytest

from lead_svc.attachments.api import OF_LEADS
from shared.access import kinds
from shared.attachments import store, upload
from shared.attachments.types import TYPES, Inspection, OtherFile, type_of
from shared.attachments.upkeep import left_over
from shared.errors import Invalid
from shared.events.lead import LeadFileAttached, LeadFileRemoved
from shared.ids import new_id
from shared.policy.company import COMPANY_POLICY
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import WHO, Desk

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3200
"""Three pieces of a file, and a bit."""


def at(lead: dict[str, Any]) -> str:
    return f"/v1/leads/{lead['id']}/attachments"


async def send(
    desk: Desk,
    lead: dict[str, Any],
    content: Any = PDF,
    *,
    by: str = "ann",
    name: str = "offer.pdf",
    kind: str = "application/pdf",
    **more: Any,
) -> httpx.Response:
    return await desk.by(by).post(at(lead), content=content, params={"name": name, **more}, headers={"Content-Type": kind})


async def pieces(svc: Running) -> int:
    async with svc.db.read() as db:
        return int(await db.value("SELECT count(*) FROM lead_attachment_piece"))


async def test_a_file_comes_back_as_it_was_sent(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    answer = await send(desk, lead, name='Angebot für Müller "neu".pdf', note="The second one")
    made = done(answer, 201)
    assert answer.headers["location"] == f"{at(lead)}/{made['id']}"
    assert (made["size"], made["sha256"], made["note"]) == (len(PDF), hashlib.sha256(PDF).hexdigest(), "The second one")
    assert made["record_version"] == (await desk.see(lead))["version"] == lead["version"] + 1
    got = await desk.by("ann").get(f"{at(lead)}/{made['id']}")
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers["content-type"] == "application/pdf"
    said = got.headers["content-disposition"]
    assert (
        said == "attachment; filename=\"Angebot f_r M_ller _neu_.pdf\"; filename*=UTF-8''Angebot%20f%C3%BCr%20M%C3%BCller%20%22neu%22.pdf"
    )
    assert (got.headers["x-content-type-options"], got.headers["content-security-policy"]) == ("nosniff", "sandbox; default-src 'none'")
    (listed,) = (await desk.ask("ann", "GET", at(lead)))["items"]
    assert listed == {name: value for name, value in made.items() if name != "record_version"}


async def test_it_is_told_without_its_name_and_what_is_in_it(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead, name="Anna Berg.pdf", note="Anna's passport"), 201)
    await desk.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
    attached, removed = await svc.told(LeadFileAttached, LeadFileRemoved)
    assert (attached.data.attachment_id, attached.data.size) == (UUID(made["id"]), len(PDF))
    assert removed.data.attachment_id == UUID(made["id"])
    assert not [word for word in ("Anna", "passport") if word in f"{attached.data!r}{removed.data!r}"]


async def test_removing_erases_the_bytes(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    assert await pieces(svc) == 4
    await desk.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
    assert await pieces(svc) == 0
    assert (await desk.ask("ann", "GET", at(lead)))["items"] == []
    assert (await desk.raw("ann", "GET", f"{at(lead)}/{made['id']}")).status_code == 404


async def test_the_same_file_sent_again_is_kept_once(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    first = done(await send(desk, lead), 201)
    again = done(await send(desk, lead), 200)
    assert (again["id"], again["record_version"], await pieces(svc)) == (first["id"], first["record_version"], 4)
    done(await send(desk, lead, name="other.pdf"), 201)


async def test_who_sees_the_lead_sees_its_files_and_nobody_else(desk: Desk) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    assert [one["id"] for one in (await desk.ask("max", "GET", at(lead)))["items"]] == [made["id"]]
    for path in (at(lead), f"{at(lead)}/{made['id']}"):
        assert (await desk.raw("sue", "GET", path)).status_code == 404
    assert (await send(desk, lead, by="sue")).status_code == 404
    other = await desk.lead(by="sue", company="Other")
    assert (await desk.raw("sue", "GET", f"{at(other)}/{made['id']}")).status_code == 404
    assert (await desk.raw("sue", "DELETE", f"{at(other)}/{made['id']}")).status_code == 404


async def test_masked_roles_see_that_there_is_a_file_and_no_more(desk: Desk) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead, note="Anna said so"), 201)
    (seen,) = (await desk.ask("auditor", "GET", at(lead)))["items"]
    assert (seen["name"], seen["note"], seen["size"]) == (None, None, len(PDF))
    refused = await desk.raw("auditor", "GET", f"{at(lead)}/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "masked")


async def test_who_reads_a_file_is_in_the_access_log(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    await desk.by("max").get(f"{at(lead)}/{made['id']}")
    await svc.app.state.access_log.flush()
    found = (await desk.ask("director", "GET", "/v1/operations/lead-svc/access-log", limit=200))["items"]
    assert [one["record_id"] for one in found if one["operation"] == "get_lead_attachment"] == [made["id"]]


async def test_it_is_removed_by_whoever_attached_it_the_owner_and_leaders(desk: Desk) -> None:
    lead = await desk.lead()
    await desk.ask("admin", "POST", "/v1/team/people", {"name": "Pia", "role": "marketing", "external_id": "pia"}, expect=201)
    for sender, remover, status in (
        ("marketing:pia", "marketing:pia", 200),
        ("marketing:pia", "ann", 200),
        ("ann", "max", 200),
        ("ann", "marketing:pia", 409),
        ("ann", "auditor", 403),
    ):
        made = done(await send(desk, lead, by=sender, name=f"{new_id()}.pdf"), 201)
        assert (await desk.raw(remover, "DELETE", f"{at(lead)}/{made['id']}")).status_code == status
    assert (await send(desk, lead, by="auditor")).status_code == 403


@pytest.mark.parametrize(
    ("name", "kind", "content", "status", "code"),
    [
        ("page.html", "text/html", b"<script>", 415, "unsupported_media_type"),
        ("drawing.svg", "image/svg+xml", b"<svg>", 415, "unsupported_media_type"),
        ("offer", "application/pdf", PDF, 415, "unsupported_media_type"),
        ("offer.pdf", "image/png", b"\x89PNG\r\n\x1a\n", 415, "unsupported_media_type"),
        ("offer.png", "image/png", PDF, 422, "bad_file"),
        ("offer.pdf", "application/pdf", b"<html>", 422, "bad_file"),
        ("offer.pdf", "application/pdf", b"", 422, "bad_file"),
        ("offer.pdf", "application/pdf", PDF + b"/Encrypt 5 0 R", 422, "bad_file"),
        ("offer.pdf", "application/pdf", PDF + b"/S /JavaScript", 422, "bad_file"),
        ("list.csv", "text/csv", b"a,b\n\0", 422, "bad_file"),
        ("list.txt", "text/plain", b"MZ program", 422, "bad_file"),
    ],
)
async def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(
    desk: Desk, svc: Running, name: str, kind: str, content: bytes, status: int, code: str
) -> None:
    lead = await desk.lead()
    refused = await send(desk, lead, content, name=name, kind=kind)
    said = refused.json()
    assert (refused.status_code, said["errors"][0]["code"] if status == 422 else said["code"]) == (status, code)
    assert (await pieces(svc), (await desk.see(lead))["version"]) == (0, lead["version"])


async def test_a_file_beyond_the_policys_limit_is_refused_before_and_while_it_comes(desk: Desk, svc: Running) -> None:
    await desk.policy(COMPANY_POLICY, attachments={"megabytes": 1, "types": ["pdf"]})
    lead = await desk.lead()
    large = b"%PDF-" + b"x" * 1024**2

    async def in_parts() -> Any:
        for n in range(0, len(large), 100_000):
            yield large[n : n + 100_000]

    for content in (large, in_parts()):
        refused = await send(desk, lead, content)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert (await send(desk, lead, b"text", name="a.txt", kind="text/plain")).status_code == 415
    assert await pieces(svc) == 0
    done(await send(desk, lead, large[: 1024**2]), 201)


async def test_a_dry_run_looks_at_the_file_and_keeps_nothing(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    assert done(await send(desk, lead, dry_run="true"), 201)["size"] == len(PDF)
    assert (await send(desk, lead, b"<html>", dry_run="true")).status_code == 422
    assert (await pieces(svc), (await desk.ask("ann", "GET", at(lead)))["items"]) == (0, [])


async def test_an_upload_that_breaks_off_leaves_nothing(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()

    async def breaking() -> Any:
        yield PDF[: upload.PIECE + 1]
        raise ConnectionError

    assert (await send(desk, lead, breaking())).status_code == 503
    assert await pieces(svc) == 0


async def test_what_a_killed_process_left_behind_is_swept_away_and_nothing_else(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    done(await send(desk, lead), 201)
    young, old = new_id(), new_id()
    for id in (young, old):
        await store.put(svc.db, OF_LEADS, id, 0, b"half")
        await store.put(svc.db, OF_LEADS, id, 1, b"a file")
    async with svc.transaction() as tx:
        await tx.execute("UPDATE lead_attachment_piece SET kept_at = now() - interval '2 days' WHERE attachment_id <> $1", young)
    assert (await left_over(svc.db, OF_LEADS), await left_over(svc.db, OF_LEADS)) == (1, 0)
    assert await pieces(svc) == 4 + 2


async def test_a_merge_carries_the_files_over(desk: Desk) -> None:
    kept, absorbed = await desk.lead(**WHO), await desk.lead(company="Acme Limited")
    made = done(await send(desk, absorbed), 201)
    done(await desk.by("max").post(f"/v1/leads/{kept['id']}/merge", json={"absorbed_id": absorbed["id"]}, headers={"If-Match": "*"}), 200)
    assert [one["id"] for one in (await desk.ask("ann", "GET", at(kept)))["items"]] == [made["id"]]
    assert (await desk.by("ann").get(f"{at(kept)}/{made['id']}")).content == PDF
    assert codes(await send(desk, absorbed)) == {"merged"}


async def test_two_at_once_of_the_same_file_leave_one(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    answers = await asyncio.gather(*[send(desk, lead) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert await pieces(svc) == 4


def test_what_must_not_be_in_a_file_is_found_between_two_pieces_too() -> None:
    looking = Inspection(TYPES["pdf"])
    looking.look(b"%PDF-1.7 /Java")
    with pytest.raises(Invalid):
        looking.look(b"Script")


def test_an_office_file_with_macros_is_refused() -> None:
    with pytest.raises(Invalid):
        Inspection(TYPES["docx"]).look(b"PK\x03\x04 word/vbaProject.bin")


def test_kinds_are_told_by_the_end_of_the_name() -> None:
    assert type_of("A.B.PDF", "application/pdf", ["pdf"]) is TYPES["pdf"]
    for name in ("pdf", ".exe", "a.pdf.exe"):
        with pytest.raises(OtherFile):
            type_of(name, "application/pdf", list(TYPES))


def test_attachments_are_of_leads() -> None:
    assert OF_LEADS.kind is kinds.LEADS
