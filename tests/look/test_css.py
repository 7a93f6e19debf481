"""The style sheets: small, one home for colours and lengths, and readable in light and dark."""

import gzip
import re
from pathlib import Path

import pytest

CSS = Path("costtrack/static/css")
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(", re.I)
LENGTH = re.compile(r"(?<![\w.-])\d*\.?\d+(?:px|rem)\b")
TEXT_PAIRS = [
    (text, ground)
    for text in ("ink", "mute", "accent", "warn", "bad", "good")
    for ground in ("paper", "card")
] + [
    ("on-accent", "accent"),
    ("paper", "ink"),
    ("accent", "band"),
    ("ink", "hover"),
    ("ink", "sunk"),
    ("mute", "sunk"),
    ("mute", "hover"),
]
SHAPE_PAIRS = [
    (shape, "card")
    for shape in ("s1", "s2", "s3", "s4", "s5", "s6", "other", "edge", "accent", "warn")
]


def without_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)


def tokens(scheme: str) -> dict[str, str]:
    found = re.findall(
        r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", (CSS / "tokens.css").read_text()
    )
    return {name: light if scheme == "light" else dark for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_all_style_is_at_most_12_kilobytes_compressed():
    assert len(gzip.compress(b"".join(path.read_bytes() for path in CSS.glob("*.css")))) < 12_000


def test_script_is_a_trifle():
    script = Path("costtrack/static/js/site.js").read_bytes()

    assert len(gzip.compress(script)) < 2_000


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.name)
def test_only_tokens_hold_colours_and_lengths(path):
    if path.name == "tokens.css":
        return
    text = re.sub(r"@media[^{]*\{", "", without_comments(path))

    assert COLOUR.findall(text) == []
    assert LENGTH.findall(text) == []


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.name)
def test_every_token_that_is_used_exists(path):
    defined = set(re.findall(r"--([\w-]+):", (CSS / "tokens.css").read_text()))
    used = set(re.findall(r"var\(--([\w-]+)", without_comments(path)))

    assert used <= defined


def test_every_token_is_used():
    defined = set(re.findall(r"--([\w-]+):", (CSS / "tokens.css").read_text()))
    used = {
        name
        for path in CSS.glob("*.css")
        for name in re.findall(r"var\(--([\w-]+)", path.read_text())
    }

    assert defined - used == set()


def test_every_rule_stands_in_a_layer():
    for path in CSS.glob("*.css"):
        depth, outside = 0, ""
        for part in re.split(r"([{}])", without_comments(path)):
            if part == "{":
                depth += 1
            elif part == "}":
                depth -= 1
            elif depth == 0:
                outside += part
        rules = [rule.strip() for rule in outside.replace(";", "\n").splitlines() if rule.strip()]
        assert all(rule.startswith("@layer") for rule in rules), path.name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_can_be_read(scheme, text, ground):
    colours = tokens(scheme)

    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_shapes_can_be_seen(scheme, shape, ground):
    colours = tokens(scheme)

    assert contrast(colours[shape], colours[ground]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neighbours_in_a_bar_differ(scheme):
    colours = tokens(scheme)
    series = [colours[name] for name in ("s1", "s2", "s3", "s4", "s5", "s6", "other")]

    assert len(set(series)) == len(series)
