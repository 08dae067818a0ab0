"""The models of answers about exports."""

from typing import Self

from pydantic import BaseModel, Field

from metrics_svc.exports.export import Export, Type
from metrics_svc.exports.kpis import Figures


class ColumnOut(BaseModel):
    name: str
    type: Type = Field(description="In CSV as the API writes it; in Parquet as its like, uuid as a string and decimal with 12 places.")
    nullable: bool
    description: str


class ExportOut(BaseModel):
    """What there is to take: the schema of one export."""

    name: str
    version: int = Field(description="Of the schema: another one wherever a column is another, comes or goes.")
    description: str
    key: list[str] = Field(description="The columns that tell its rows apart.")
    day: str = Field(description="The column that `since` and `until` look at.")
    view: bool = Field(description="Whether BI tools find it as a view, too (`clinch bi`).")
    columns: list[ColumnOut] = Field(description="In the order of the file.")
    href: str = Field(description="Where it is taken.")

    @classmethod
    def of(cls, export: Export | Figures) -> Self:
        return cls(
            name=export.name,
            version=export.version,
            description=export.says,
            key=list(export.key),
            day=export.day,
            view=isinstance(export, Export),
            columns=[ColumnOut(name=c.name, type=c.type, nullable=c.nullable, description=c.says) for c in export.schema],
            href=f"/v1/exports/{export.name}",
        )


class ExportsOut(BaseModel):
    items: list[ExportOut]
