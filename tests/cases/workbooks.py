"""Workbooks as small as they can be, written by hand."""

import io
import zipfile
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = (
    f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


def _cell(at: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 (workbooks know no zone)
        serial = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
        return f'<c r="{at}" s="{2 if isinstance(value, datetime) else 1}"><v>{serial!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value!r}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _sheet(rows: list[list[Any]]) -> str:
    lines = "".join(
        f'<row r="{n}">' + "".join(_cell(f"{chr(64 + column)}{n}", value) for column, value in enumerate(row, 1)) + "</row>"
        for n, row in enumerate(rows, 1)
    )
    return f"<worksheet {_MAIN}><sheetData>{lines}</sheetData></worksheet>"


def xlsx(**sheets: list[list[Any]]) -> bytes:
    """A workbook with these sheets."""
    return _workbook({name: _sheet(rows) for name, rows in sheets.items()})


def far_cell() -> bytes:
    """A sheet of two cells, in opposite corners."""
    rows = f'<row r="1">{_cell("A1", "external_id")}</row><row r="1048576">{_cell("XFD1048576", "far")}</row>'
    return _workbook({"Far": f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>"})


def _workbook(sheets: dict[str, str]) -> bytes:
    parts = {f"xl/worksheets/sheet{n}.xml": text for n, text in enumerate(sheets.values(), 1)}
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    parts["xl/workbook.xml"] = f'<workbook {_MAIN} xmlns:r="{_RELATED}"><sheets>{listed}</sheets></workbook>'
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATED}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1)
    )
    styles = f'<Relationship Id="rId99" Type="{_RELATED}/styles" Target="styles.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_PACKAGE}/relationships">{links}{styles}</Relationships>'
    parts["xl/styles.xml"] = _STYLES
    root = f'<Relationship Id="rId1" Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/>'
    parts["_rels/.rels"] = f'<Relationships xmlns="{_PACKAGE}/relationships">{root}</Relationships>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    kinds = "".join(f'<Override PartName="/{name}" ContentType="{kind}.worksheet+xml"/>' for name in parts if "sheets/" in name)
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    main = '<Default Extension="xml" ContentType="application/xml"/>'
    main += f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
    parts["[Content_Types].xml"] = f'<Types xmlns="{_PACKAGE}/content-types">{rels}{main}{kinds}</Types>'
    return zipped(parts)


def zipped(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()
