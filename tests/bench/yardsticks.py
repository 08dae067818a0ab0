"""What the services are measured against: the same tables, by hand, with FastAPI, asyncpg and nothing else."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

from shared.ids import new_id


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["CLINCH_DATABASE_URL"], min_size=1, max_size=10)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)
_EVENT = """INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
VALUES ($1, $2, $3, $4, $5, $6, $6, $4, 'rep', '', $7)"""
_LEAD = """INSERT INTO lead (id, state, captured_at, source, title, company, contact_name, email, region, grade, bant, bant_score,
responses, no_response_count, reactivations, flags, created_at, updated_at, version)
VALUES ($1, 'captured', $2, $3, $4, $5, $6, $7, $8, 'C', '{}', 0, 0, 0, 0, '{}', $2, $2, 1)"""
_ITEM = """id, external_id, state, captured_at, source, campaign, medium, title, company, contact_name, region, industry, size, product,
owner_id, team_id, score, grade, bant_score, no_response_count, last_contact_at, wake_at, account_id, contact_id, deal_id, imported,
created_at, updated_at, version"""
Text = Annotated[str, Field(min_length=1, max_length=200)]


class LeadIn(BaseModel):
    source: Text
    title: Text
    company: Text
    contact_name: Text
    email: Text
    region: Text


class LeadOut(LeadIn):
    id: UUID
    state: str
    created_at: datetime
    version: int


class Move(BaseModel):
    to: str
    reason: Text


class DealOut(BaseModel):
    id: UUID
    name: str
    stage: str
    stage_since: datetime
    version: int


@app.post("/v1/leads", response_model=LeadOut, status_code=201)
async def create_lead(body: LeadIn) -> Any:
    id, now = new_id(), datetime.now(UTC)
    async with app.state.pool.acquire() as conn, conn.transaction():
        await conn.execute(_LEAD, id, now, body.source, body.title, body.company, body.contact_name, body.email, body.region)
        await conn.execute(_EVENT, new_id(), "clinch.lead.captured.v1", "lead", id, 1, now, body.model_dump_json())
    return {**body.model_dump(), "id": id, "state": "captured", "created_at": now, "version": 1}


@app.post("/v1/deals/{deal_id}/transitions", response_model=DealOut)
async def move_deal(deal_id: UUID, body: Move, if_match: Annotated[str, Header()]) -> Any:
    now = datetime.now(UTC)
    async with app.state.pool.acquire() as conn, conn.transaction():
        deal = await conn.fetchrow("SELECT stage, version FROM deal WHERE id = $1 FOR UPDATE", deal_id)
        if deal is None or deal["version"] != int(if_match.strip('"')) or deal["stage"] == body.to:
            raise HTTPException(409)
        moved = await conn.fetchrow(
            "UPDATE deal SET stage = $2, stage_since = $3, updated_at = $3, version = version + 1 WHERE id = $1 "
            "RETURNING id, name, stage, stage_since, version",
            deal_id,
            body.to,
            now,
        )
        told = json.dumps({"from_stage": deal["stage"], "to_stage": body.to, "reason": body.reason})
        await conn.execute(_EVENT, new_id(), "clinch.deal.stage_changed.v1", "deal", deal_id, moved["version"], now, told)
    return dict(moved)


@app.get("/v1/leads")
async def list_leads(state: str, limit: int = 50, before: datetime | None = None, before_id: UUID | None = None) -> Response:
    async with app.state.pool.acquire() as conn:
        order = "ORDER BY created_at DESC, id DESC LIMIT"
        if before is None:
            rows = await conn.fetch(f"SELECT {_ITEM} FROM lead WHERE state = $1 {order} $2", state, limit)
        else:
            after = "(created_at, id) < ($2, $3)"
            rows = await conn.fetch(f"SELECT {_ITEM} FROM lead WHERE state = $1 AND {after} {order} $4", state, before, before_id, limit)
    return Response(orjson.dumps({"items": [dict(row) for row in rows]}, default=str), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["CLINCH_PORT"]), log_config=None, access_log=False, server_header=False)
