"""What people read for the names that the code uses, in English and Chinese: made of docs/glossary.md, stages and KPIs.

The glossary has a line for every state, reason, role, act, event and flag, and for usual sources; tests hold that.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from clinch.errors import CommandError

GLOSSARY = Path(__file__).resolve().parents[3] / "docs" / "glossary.md"
LABELS = "shared/labels/labels.json"

Groups = dict[str, dict[str, dict[str, str]]]
"""Group, value, language: {"lead_state": {"captured": {"en": "Captured", "zh": "已录入"}}}."""

_ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)
_ENGLISH = {
    "mql": "MQL",
    "sql": "SQL",
    "no_response_3": "No response three times",
    "A": "A",
    "B": "B",
    "C": "C",
    "ops": "Operations",
    "sales_ops": "Sales operations",
    "kam": "Key account manager",
    "csm": "Customer success manager",
    "rep": "Sales rep",
    "director": "Sales director",
    "manager": "Sales manager",
    "service": "Another system",
    "cross_sell": "Cross-sell",
    "opt_out": "Opt-out",
    "need_payoff": "Need-payoff",
    "go_live": "Go-live",
    "director_finance": "Director and finance",
}
"""Where the English words are not those of the name."""
_SHORT = {"mql": "MQL", "sql": "SQL", "bant": "BANT", "spin": "SPIN"}


def labels(events: Mapping[str, object], acts: set[str], guards: set[str]) -> Groups:
    """Raises `CommandError` for an act, an event or a guard that the glossary does not name, and for a guard that is gone."""
    from metrics_svc.exports.catalogue import ALL as EXPORTS
    from metrics_svc.kpi import catalogue
    from shared.events.stages import STAGES

    text = GLOSSARY.read_text()
    found: Groups = {}
    for value, group, chinese in _values(text):
        found.setdefault(group, {})[value] = {"en": _ENGLISH.get(value) or english(value), "zh": chinese}
    found["stage"] |= {stage.name: {"en": stage.title, "zh": stage.title_zh} for stage in STAGES}
    found["kpi"] = {kpi.name: {"en": kpi.title, "zh": kpi.title_zh} for kpi in catalogue().values()}
    found["act"] = {name: {"en": said[0], "zh": said[1]} for name, said in _table(text, "act")}
    for group, head in (("source", "usual source"), ("measure", "measure"), ("part_of_a_figure", "part of a figure"), ("export", "export")):
        found[group] = {name: {"en": said[0], "zh": said[1]} for name, said in _table(text, head)}
    found["measure"] = dict(_of_stages(found["stage"], list(_table(text, "measure of a stage")))) | found["measure"]
    found["flag"] = {name: {"en": english(name), "zh": said[0]} for name, said in _table(text, "flag")}
    found["guard"] = {name: {"en": english(name), "zh": said[0]} for name, said in _table(text, "guard")}
    if differs := sorted(guards ^ found["guard"].keys()):
        raise CommandError(f"docs/glossary.md must name the guards that there are; these are missing or gone: {', '.join(differs)}.")
    named = dict(_table(text, "event"))
    if missing := sorted((acts - found["act"].keys()) | {short for type_ in events if (short := short_type(type_)) not in named}):
        raise CommandError(f"docs/glossary.md has no names in 'Names of acts, events and flags' for: {', '.join(missing)}.")
    if missing := sorted(EXPORTS.keys() - found["export"].keys()):
        raise CommandError(f"docs/glossary.md has no names of exports for: {', '.join(missing)}.")
    found["event"] = {type_: _of_event(type_, named[short_type(type_)][0]) for type_ in events}
    return dict(sorted(found.items()))


def _of_stages(stages: Mapping[str, dict[str, str]], measures: list[tuple[str, list[str]]]) -> Iterator[tuple[str, dict[str, str]]]:
    """proposal_entered, proposal_left_won ...; and of the funnel lead_proposal, direct_proposal, lead_deal_proposal."""
    for stage, named in stages.items():
        for measure, (en, zh) in measures:
            yield f"{stage}_{measure}", {"en": f"{named['en']}, {en}", "zh": f"{named['zh']}：{zh}"}
        for line in ("lead", "direct", "lead_deal"):
            yield f"{line}_{stage}", named


def english(name: str) -> str:
    words = " ".join(_SHORT.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def short_type(type_: str) -> str:
    """clinch.lead.captured.v1 as the glossary has it: lead.captured."""
    return type_.removeprefix("clinch.").rpartition(".")[0]


def _of_event(type_: str, chinese: str) -> dict[str, str]:
    about, _, what = short_type(type_).partition(".")
    return {"en": english(f"{about}_{what}"), "zh": chinese}


def _values(text: str) -> Iterator[tuple[str, str, str]]:
    """Each value of the tables of values, with what it is a value of and its Chinese name; several of either stand side by side."""
    values = re.search(r"^## Values.*?(?=^## Names)", text, re.MULTILINE | re.DOTALL)
    assert values is not None
    for value, cells in _ROW.findall(values[0]):
        chinese, of, *_ = (cell.strip() for cell in cells.split("|"))
        groups, names = re.split(r"[,;] ", of), chinese.split("、")
        for at, group in enumerate(groups):
            yield value, re.sub(r"\W+", "_", group).lower(), names[at] if len(names) == len(groups) else chinese


def _table(text: str, head: str) -> Iterator[tuple[str, list[str]]]:
    table = re.search(rf"^\| {head} \|.*?(?=^$)", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    for name, cells in _ROW.findall(table[0]):
        yield name, [cell.strip() for cell in cells.split("|")]
