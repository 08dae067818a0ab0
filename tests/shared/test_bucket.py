"""Our calls of an S3-compatible store, against AWS's own library: it verifies each signature, and each reads what the other put."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import get_session

from shared.attachments.bucket import RANGE, TRIES, Bucket, StoreFailed
from shared.process.settings import Settings
from tests.bucket import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, StandIn, stand_in

BODY = bytes(range(256)) * 10_000
"""Three ranges, and not a round number of them."""
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
async def store() -> AsyncIterator[StandIn]:
    async with stand_in() as started:
        yield started


@pytest.fixture
async def bucket(store: StandIn) -> AsyncIterator[Bucket]:
    async with bucket_of(store) as made:
        yield made


def bucket_of(store: StandIn, **changed: Any) -> Bucket:
    needed = {"database_url": "postgresql://", "bus_url": "postgresql://", "issuer": "http://issuer.test"}
    return Bucket(Settings(**needed | store.settings | changed), pause=0)


async def read(bucket: Bucket, address: str, size: int = len(BODY), sha256: str = SHA256) -> bytes:
    return b"".join([piece async for piece in bucket.read(address, size, sha256)])


def aws(store: StandIn) -> Any:
    return get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{store.port}",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required", retries={"max_attempts": 1}),
    )


async def test_what_is_put_is_read_in_ranges_until_it_is_deleted(bucket: Bucket, store: StandIn) -> None:
    address = bucket.address("lead/1")
    assert address == f"{BUCKET}/clinch/lead/1"
    await bucket.put(address, BODY)
    pieces = [piece async for piece in bucket.read(address, len(BODY), SHA256)]
    assert (b"".join(pieces), [len(piece) for piece in pieces]) == (BODY, [RANGE, RANGE, len(BODY) - 2 * RANGE])
    await bucket.delete(address)
    await bucket.delete(address)
    assert store.objects == {}
    with pytest.raises(StoreFailed, match="does not have it"):
        await read(bucket, address)


async def test_what_comes_in_parts_is_there_once_it_is_whole(bucket: Bucket, store: StandIn) -> None:
    parts = [b"a" * 5 * 1024**2, b"b" * 10]
    address = bucket.address("lead/2")
    upload = await bucket.begin(address)
    etags = [await bucket.part(address, upload, n, part) for n, part in enumerate(parts, 1)]
    assert store.objects == {}
    await bucket.complete(address, upload, etags)
    assert (store.objects[address], store.uploads) == (b"".join(parts), {})


async def test_an_upload_that_is_given_up_leaves_no_parts(bucket: Bucket, store: StandIn) -> None:
    address = bucket.address("lead/3")
    upload = await bucket.begin(address)
    await bucket.part(address, upload, 1, BODY)
    await bucket.abort(address, upload)
    await bucket.abort(address, upload)
    assert (store.uploads, store.objects) == ({}, {})


async def test_a_failure_that_is_told_in_the_body_of_a_200_is_one(bucket: Bucket) -> None:
    address = bucket.address("lead/4")
    upload = await bucket.begin(address)
    etags = [await bucket.part(address, upload, n, b"too small") for n in (1, 2)]
    with pytest.raises(StoreFailed):
        await bucket.complete(address, upload, etags)


async def test_awss_own_client_reads_what_we_put_and_we_what_it_put(bucket: Bucket, store: StandIn) -> None:
    client = aws(store)
    ours, theirs = bucket.address("ours"), bucket.address("theirs")
    await bucket.put(ours, BODY)
    await asyncio.to_thread(client.put_object, Bucket=BUCKET, Key="clinch/theirs", Body=BODY)
    got = await asyncio.to_thread(lambda: client.get_object(Bucket=BUCKET, Key="clinch/ours")["Body"].read())
    assert (got, await read(bucket, theirs)) == (BODY, BODY)


async def test_the_bucket_can_be_in_the_name_of_the_host(store: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def here(host: Any, *more: Any, **how: Any) -> Any:
        named = host.decode() if isinstance(host, bytes) else host
        return look_up("127.0.0.1" if named == f"{BUCKET}.s3.test" else host, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    async with bucket_of(store, s3_endpoint=f"http://s3.test:{store.port}", s3_path_style=False, s3_prefix="") as bucket:
        await bucket.put(bucket.address("lead/5"), BODY)
        assert await read(bucket, f"{BUCKET}/lead/5") == BODY
    assert store.asked[0] == "PUT /lead/5"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"s3_secret_key": "another"}, "refuses Clinch"),
        ({"s3_access_key": "another"}, "refuses Clinch"),
        ({"s3_region": "us-east-1"}, "refuses Clinch"),
        ({"s3_bucket": "another"}, "does not have it"),
    ],
)
async def test_a_wrong_setting_is_said_at_once_and_no_secret_with_it(store: StandIn, changed: dict[str, str], says: str) -> None:
    async with bucket_of(store, **changed) as bucket:
        with pytest.raises(StoreFailed, match=says) as refused:
            await bucket.put(bucket.address("lead/6"), BODY)
    assert (len(store.asked), SECRET_KEY in str(refused.value)) == (1, False)


@pytest.mark.parametrize("passing", [500, 503, 0])
async def test_what_passes_by_itself_is_tried_again(bucket: Bucket, store: StandIn, passing: int) -> None:
    store.answers = [passing] * (TRIES - 1)
    await bucket.put(bucket.address("lead/7"), BODY)
    assert (await read(bucket, bucket.address("lead/7")), len(store.asked)) == (BODY, TRIES + 3)


async def test_a_store_that_is_away_is_a_clear_refusal(bucket: Bucket, store: StandIn) -> None:
    store.away = True
    with pytest.raises(StoreFailed, match="Try again in a minute") as refused:
        await bucket.put(bucket.address("lead/8"), BODY)
    assert (refused.value.status, refused.value.headers["Retry-After"], len(store.asked)) == (503, "30", TRIES)
    async with bucket_of(store, s3_endpoint="http://127.0.0.1:9") as nobody:
        with pytest.raises(StoreFailed, match="Try again in a minute"):
            await nobody.put("files/x", BODY)


async def test_other_bytes_than_were_attached_never_reach_the_reader_whole(bucket: Bucket, store: StandIn) -> None:
    address = bucket.address("lead/9")
    await bucket.put(address, BODY)
    reading = bucket.read(address, len(BODY), hashlib.sha256(b"other").hexdigest())
    assert [len(await anext(reading)) for _ in range(2)] == [RANGE, RANGE]
    with pytest.raises(StoreFailed):
        await anext(reading)
    for spoil in (lambda body: body[:-1], lambda body: body + b"x" * 100_000):
        store.spoil = spoil
        with pytest.raises(StoreFailed):
            await read(bucket, address)


async def test_an_object_that_changes_while_it_is_read_is_noticed(bucket: Bucket, store: StandIn) -> None:
    address = bucket.address("lead/10")
    await bucket.put(address, BODY)
    reading = bucket.read(address, len(BODY), SHA256)
    await anext(reading)
    store.objects[address] = BODY[::-1]
    with pytest.raises(StoreFailed):
        await anext(reading)


@pytest.mark.parametrize("left_out", ["s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key"])
def test_a_store_that_is_half_set_is_one_clear_line(left_out: str) -> None:
    given = {"s3_endpoint": "https://s3.test", "s3_bucket": "files", "s3_access_key": "a", "s3_secret_key": "b"} | {left_out: ""}
    with pytest.raises(ValueError, match=f"CLINCH_{left_out.upper()}"):
        Settings(database_url="postgresql://", bus_url="postgresql://", issuer="http://issuer.test", **given)
