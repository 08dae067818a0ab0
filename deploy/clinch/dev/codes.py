"""The codes that a refusal can have, gathered from where they are declared: no list of them is kept by hand.

A code is the text at its place in the source: `code = "..."` of a problem's class, `code="..."` of an act or a refusal,
`Unmet("...", says)` of a guard; a constant of its module is one too. A code put together at run time is an error here.
"""

import ast
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_args

from pydantic_core.core_schema import ErrorType

from clinch.dev.fields import modules
from clinch.errors import CommandError
from shared.errors import Unmet

_GUARDS = ("Unmet", "Pending", "_asks")
_OF_THE_INPUT = ("Invalid", "InputError", "Refusal", "ProblemKind", "ItemProblem")
"""Their codes say what is wrong with one field; the problem's own is `invalid`."""
_PLACES = {"PydanticCustomError": 0, "Wrong": 1}
"""Where the code stands of those that are given theirs without its name."""


def problem_codes(packages: Iterable[str]) -> list[str]:
    """Every `code` of a problem: those of its classes, of acts, and of what commands refuse by themselves."""
    return sorted({code for module, tree in _sources(packages) for code in _of_problems(module, tree)})


def unmet_codes(packages: Iterable[str]) -> list[str]:
    """Every `code` of a guard. What a row of an import file lacks has the names of its columns and is left out."""
    sources = [(module, tree) for module, tree in _sources(packages) if ".imports." not in module.__name__]
    return sorted({code for module, tree in sources for code in _of_guards(module, tree)})


def input_codes(packages: Iterable[str]) -> list[str]:
    """Every `code` of something wrong with one field: pydantic's own, those of our types, and of what commands refuse by themselves."""
    ours = {code for module, tree in _sources(packages) for code in _of_the_input(module, tree)}
    return sorted({*get_args(ErrorType), *ours})


def _sources(packages: Iterable[str]) -> Iterator[tuple[ModuleType, ast.Module]]:
    for package in packages:
        for name in modules(package):
            if ".migrations" not in name and not name.endswith("__main__"):
                module = import_module(name)
                if module.__file__:
                    yield module, ast.parse(Path(module.__file__).read_text())


def _of_problems(module: ModuleType, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and [target.id for target in line.targets if isinstance(target, ast.Name)] == ["code"]:
                    yield from _texts(module, line.value)
        elif isinstance(node, ast.Call):
            if _called(node) == "require":
                yield from _texts(module, node.args[2])
            for given in node.keywords:
                if given.arg == "code" and _called(node) not in (*_GUARDS, *_OF_THE_INPUT):
                    yield from _texts(module, given.value)
                elif given.arg == "gone":  # a record that is gone refuses by the code of what it lacks
                    named = [getattr(module, one.id, None) for one in ast.walk(given.value) if isinstance(one, ast.Name)]
                    yield from (one.code for one in named if isinstance(one, Unmet))


def _of_the_input(module: ModuleType, tree: ast.Module) -> Iterator[str]:
    """What an import says of a row has codes of its own, in its summary."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if _called(call) in _PLACES:
            yield from _texts(module, call.args[_PLACES[_called(call)]])
        elif _called(call) in ("Invalid", "InputError", "ItemProblem"):
            for given in call.keywords:
                if given.arg == "code":
                    found = list(_texts(module, given.value))
                    if not found and _called(call) == "Invalid" and not isinstance(given.value, ast.Subscript):  # but pydantic's own
                        raise CommandError(f"{module.__name__}, line {call.lineno}: a code that comes from elsewhere is on no list.")
                    yield from found


def _of_guards(module: ModuleType, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in _GUARDS:
            (code,) = [node.args[0]] if node.args else [given.value for given in node.keywords if given.arg == "code"]
            yield from _texts(module, code)
        elif isinstance(node, ast.IfExp) and any(isinstance(one, ast.Name) and one.id in _GUARDS for one in (node.body, node.orelse)):
            # `(Pending if soon else Unmet)(...)` would hide its code from the look at calls.
            raise CommandError(f"{module.__name__}, line {node.lineno}: name the guard where its code stands.")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _texts(module: ModuleType, node: ast.expr) -> Iterator[str]:
    """The code that stands there; nothing where one that is declared elsewhere is passed on: `code=code`, `code=unmet.code`."""
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            yield getattr(module, name)
        case ast.Attribute(value=ast.Name(id=of), attr=name) if isinstance(getattr(getattr(module, of, None), name, None), str):
            yield getattr(getattr(module, of), name)
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(module, one)
            yield from _texts(module, other)
        case (
            ast.Name(id="code")
            | ast.Attribute(attr="code")
            | ast.Subscript(slice=ast.Constant(value="code" | "type"))
            | ast.Constant(value=None)
        ):
            pass
        case _:
            raise CommandError(f"{module.__name__}, line {node.lineno}: write the code as a text, so that clients can know it.")
