"""Files of leads in an S3-compatible store: the same for whoever attaches and reads them, and no object is left over or lost."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from clinch.run.postgres import Postgres
from lead_svc.attachments.api import OF_LEADS
from lead_svc.service import service
from shared.attachments import loose
from shared.attachments.bucket import Bucket
from shared.attachments.keeping import PART, InBucket
from shared.ids import new_id
from tests.bucket import StandIn, stand_in
from tests.client import done
from tests.harness import Running, running, running_on
from tests.lead.desk import Desk
from tests.lead.test_attachments import PDF, at, pieces, send

LARGE = PDF + b"x" * (2 * PART)
"""Three parts."""


@pytest.fixture
async def store() -> AsyncIterator[StandIn]:
    async with stand_in() as started:
        yield started


@pytest.fixture
async def svc(postgres: Postgres, store: StandIn) -> AsyncIterator[Running]:
    async with running(service, postgres, **store.settings) as started:
        store.clock = started.clock
        started.app.state.bucket._pause = 0
        yield started


async def later(svc: Running) -> int:
    """The machine's clock is past all that is due; how many objects the worker then sees to."""
    async with svc.transaction() as tx:
        await tx.execute("UPDATE lead_attachment_loose SET due_at = now() - interval '1 second'")
    async with Bucket(svc.settings, svc.clock, pause=0) as bucket:
        return await loose.delete_due(svc.db, OF_LEADS, bucket)


async def waiting(svc: Running) -> int:
    async with svc.db.read() as db:
        return int(await db.value("SELECT count(*) FROM lead_attachment_loose"))


@pytest.mark.parametrize("content", [PDF, LARGE])
async def test_a_file_comes_back_as_it_was_sent_and_is_not_in_the_database(
    desk: Desk, svc: Running, store: StandIn, content: bytes
) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead, content), 201)
    assert store.objects == {f"files/clinch/lead/{made['id']}": content}
    got = await desk.by("ann").get(f"{at(lead)}/{made['id']}")
    assert (got.content, got.headers["content-length"]) == (content, str(len(content)))
    assert (made["sha256"], await pieces(svc), await waiting(svc), store.uploads) == (hashlib.sha256(content).hexdigest(), 0, 0, {})


async def test_what_is_removed_is_deleted_from_the_store_once_that_is_committed(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    made, kept = [done(await send(desk, lead, name=f"{n}.pdf"), 201) for n in range(2)]
    await desk.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
    assert (len(store.objects), await waiting(svc)) == (2, 1)
    assert (await later(svc), await waiting(svc)) == (1, 0)
    assert list(store.objects) == [f"files/clinch/lead/{kept['id']}"]


async def test_a_removal_waits_for_a_store_that_is_away(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    store.away = True
    await desk.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
    assert (await later(svc), await waiting(svc)) == (1, 1)
    store.away = False
    assert (await later(svc), await waiting(svc), store.objects) == (1, 0, {})


async def test_one_object_that_cannot_be_deleted_holds_up_no_other(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    for n in range(2):
        made = done(await send(desk, lead, name=f"{n}.pdf"), 201)
        await desk.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
    store.answers = [403]
    assert (await later(svc), await waiting(svc), len(store.objects)) == (2, 1, 1)


@pytest.mark.parametrize("content", [PDF, LARGE])
async def test_a_store_that_is_away_refuses_an_upload_clearly_and_leaves_nothing(
    desk: Desk, svc: Running, store: StandIn, content: bytes
) -> None:
    lead = await desk.lead()
    store.away = True
    refused = await send(desk, lead, content)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert "store does not answer" in refused.json()["detail"]
    store.away = False
    assert ((await desk.see(lead))["version"], (await desk.ask("ann", "GET", at(lead)))["items"]) == (lead["version"], [])
    await later(svc)
    assert (await waiting(svc), store.objects, store.uploads) == (0, {}, {})
    done(await send(desk, lead, content), 201)


async def test_a_store_that_goes_away_between_two_parts_leaves_none(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    store.when = lambda asked: setattr(store, "away", "partNumber=2" in asked or store.away)
    assert (await send(desk, lead, LARGE)).status_code == 503
    assert len(store.uploads) == 1
    store.when, store.away = (lambda asked: None), False
    await later(svc)
    assert (await waiting(svc), store.objects, store.uploads) == (0, {}, {})


async def test_a_download_from_a_store_that_is_away_is_a_clear_refusal_and_no_broken_file(desk: Desk, store: StandIn) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    store.away = True
    refused = await desk.by("ann").get(f"{at(lead)}/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


async def test_a_process_that_was_killed_between_the_store_and_the_commit_leaves_no_object(
    desk: Desk, svc: Running, store: StandIn
) -> None:
    lead = await desk.lead()
    kept = done(await send(desk, lead), 201)
    for content in (PDF, LARGE):
        on_its_way = InBucket(svc.db, svc.app.state.bucket, OF_LEADS, new_id())
        for n in range(0, len(content), 100_000):
            await on_its_way.take(content[n : n + 100_000])
        await on_its_way.whole()
    half = InBucket(svc.db, svc.app.state.bucket, OF_LEADS, new_id())
    for _ in range(3):
        await half.take(b"x" * PART)
    assert (len(store.objects), len(store.uploads), await waiting(svc)) == (3, 1, 3)
    assert (await later(svc), await waiting(svc), store.uploads) == (3, 0, {})
    assert list(store.objects) == [f"files/clinch/lead/{kept['id']}"]


async def test_a_commit_that_fails_after_the_store_has_the_bytes_leaves_no_object(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    async with svc.transaction() as tx:
        await tx.execute(
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'at the commit'; END $$;"
            "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON lead_attachment DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION fails()"
        )
    assert (await send(desk, lead)).status_code == 500
    assert (len(store.objects), await waiting(svc), (await desk.see(lead))["version"]) == (1, 1, lead["version"])
    assert (await later(svc), await waiting(svc), store.objects) == (1, 0, {})


async def test_an_upload_whose_object_is_being_deleted_is_not_kept(desk: Desk, svc: Running, store: StandIn) -> None:
    """It took longer than any upload may: what is told as attached must have its bytes."""
    lead = await desk.lead()
    async with svc.transaction() as tx:
        await tx.execute(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tries = 1; RETURN NEW; END $$;"
            "CREATE TRIGGER late BEFORE INSERT ON lead_attachment_loose FOR EACH ROW EXECUTE FUNCTION late()"
        )
    assert (await send(desk, lead)).status_code == 503
    assert (await desk.ask("ann", "GET", at(lead)))["items"] == []


async def test_a_refused_file_and_a_repeated_one_leave_no_object(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    assert (await send(desk, lead, LARGE + b"/S /JavaScript")).status_code == 422
    assert done(await send(desk, lead, dry_run="true"), 201)["size"] == len(PDF)
    made = done(await send(desk, lead), 201)
    assert done(await send(desk, lead), 200)["id"] == made["id"]
    await later(svc)
    assert (list(store.objects), store.uploads, await waiting(svc)) == ([f"files/clinch/lead/{made['id']}"], {}, 0)


async def test_files_of_both_stores_are_read_and_removed_after_a_change_of_the_setting(desk: Desk, svc: Running, store: StandIn) -> None:
    lead = await desk.lead()
    in_store = done(await send(desk, lead, name="first.pdf"), 201)
    back = svc.settings.model_copy(update={"attachment_store": "database", "s3_bucket": "another", "s3_prefix": ""})
    async with running_on(service, back, svc.clock) as changed:
        again = Desk(changed)
        in_database = done(await send(again, lead, name="second.pdf"), 201)
        assert (await pieces(changed), len(store.objects)) == (4, 1)
        for one in (in_store, in_database):
            assert (await again.by("ann").get(f"{at(lead)}/{one['id']}")).content == PDF
            await again.ask("ann", "DELETE", f"{at(lead)}/{one['id']}")
        assert await pieces(changed) == 0
    await later(svc)
    assert store.objects == {}


async def test_a_file_in_a_store_that_is_not_set_any_more_says_what_to_do(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = done(await send(desk, lead), 201)
    unset = {"attachment_store": "database", "s3_endpoint": "", "s3_bucket": "", "s3_access_key": "", "s3_secret_key": None}
    async with running_on(service, svc.settings.model_copy(update=unset), svc.clock) as without:
        again = Desk(without)
        refused = await again.by("ann").get(f"{at(lead)}/{made['id']}")
        assert (refused.status_code, "CLINCH_S3_BUCKET" in refused.json()["detail"]) == (503, True)
        await again.ask("ann", "DELETE", f"{at(lead)}/{made['id']}")
        assert (await loose.delete_due(without.db, OF_LEADS, None), await waiting(svc)) == (1, 1)


async def test_no_more_than_a_part_of_an_upload_is_in_memory(svc: Running, store: StandIn) -> None:
    upload = InBucket(svc.db, svc.app.state.bucket, OF_LEADS, new_id())
    most = 0
    for _ in range(60):
        await upload.take(b"x" * 256 * 1024)
        most = max(most, len(upload._held))
    await upload.whole()
    assert most == PART
    assert [len(body) for body in store.objects.values()] == [60 * 256 * 1024]


async def test_a_slow_reader_holds_neither_the_database_nor_the_store(desk: Desk, svc: Running, store: StandIn) -> None:
    """Each range is a call of its own: while nobody reads on, nothing is asked for."""
    lead = await desk.lead()
    made = done(await send(desk, lead, LARGE), 201)
    asked = len(store.asked)
    reading = svc.app.state.bucket.read(f"files/clinch/lead/{made['id']}", len(LARGE), made["sha256"])
    await anext(reading)
    assert (len(store.asked) - asked, svc.db.in_use) == (1, 0)
    assert len([piece async for piece in reading]) == len(store.asked) - asked - 1
