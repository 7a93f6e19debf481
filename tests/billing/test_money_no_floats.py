"""No binary fraction takes part in anything under billing/."""

import ast
from pathlib import Path

import pytest

BILLING = Path(__file__).parent.parent.parent / "billing"
FILES = sorted(BILLING.rglob("*.py"))
DRAWN = {"web", "templatetags"}  # pages divide Decimals to draw; they store nothing


def binary_fractions(source):
    """Float literals, float(...), and `/` unless it joins paths (one side is a text).

    Amounts are divided by billing.money.ratio, whole numbers by `//`: whether `/` gives a float
    depends on types that the source does not show.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, "a float literal"
            case ast.Call(func=ast.Name(id="float" | "complex")):
                yield node.lineno, "a call of float"
            case ast.BinOp(op=ast.Div()) if not (is_text(node.left) or is_text(node.right)):
                yield node.lineno, "a true division"
            case ast.AugAssign(op=ast.Div()) if not is_text(node.value):
                yield node.lineno, "a true division"


def is_text(node):
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(BILLING)))
def test_no_binary_fraction_in_billing(path):
    found = list(binary_fractions(path.read_text(encoding="utf-8")))

    if path.relative_to(BILLING).parts[0] in DRAWN:
        found = [(line, what) for line, what in found if what != "a true division"]
    assert found == []


def test_the_walk_covers_the_price_code():
    names = {path.name for path in FILES}

    assert {"money.py", "usage.py", "price.py", "price_book.py", "price_data.py"} <= names


@pytest.mark.parametrize(
    "source",
    ["x = 0.5", "x = 1e3", "x = float(y)", "x = 1 / 2", "x = cost / n", "x /= 2", "x = 1j"],
)
def test_the_walk_finds_what_it_looks_for(source):
    assert len(list(binary_fractions(source))) == 1


@pytest.mark.parametrize("source", ["x = 7 // 2", "x = here / 'data'", "x = here / f'{name}.json'"])
def test_the_walk_leaves_paths_and_whole_numbers_alone(source):
    assert list(binary_fractions(source)) == []
