"""Files attached to contracts, such as the signed paper: for those who see the contract, in each of its states."""

from contract_svc.attachments.api import OF_CONTRACTS
from shared.attachments.upkeep import left_over
from shared.events.contract import ContractFileAttached, ContractFileRemoved
from tests.client import done
from tests.contract.office import Office
from tests.harness import Running

PDF = b"%PDF-1.7 a signed contract"
SENT = {"content": PDF, "params": {"name": "signed.pdf"}, "headers": {"Content-Type": "application/pdf"}}


async def test_a_file_hangs_on_a_contract_until_it_is_removed(office: Office, svc: Running) -> None:
    contract = await office.signed()
    at = f"/v1/contracts/{contract['id']}/attachments"
    made = done(await office.by("legal").post(at, **SENT), 201)
    after = await office.read(contract)
    assert (made["record_version"], after["state"]) == (after["version"], contract["state"])
    assert (await office.by("rep:ann").get(f"{at}/{made['id']}")).content == PDF
    assert (await office.raw("rep:bob", "GET", at)).status_code == 404
    await office.ask("rep:ann", "DELETE", f"{at}/{made['id']}")
    async with svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM contract_attachment_piece") == 0
    attached, removed = await svc.told(ContractFileAttached, ContractFileRemoved)
    assert attached.data.attachment_id == removed.data.attachment_id
    assert await left_over(svc.db, OF_CONTRACTS) == 0
