"""The modules of the page, each by itself: what they share with Python is the same in both."""

import json

import numpy as np
import pytest

from explorer.scene import Slider, number, pieces, plain
from explorer.stage import source
from explorer.stage.wire import encode

SITE = "http://stage.test"
MODULES = sorted(path.name for path in (source.FOLDER / "js").glob("*.js"))
SLIDERS = (
    Slider("a", "a", "a", 0.05, 20.0, 0.05),
    Slider("y", "y", "y", -1.0, 1.0, 0.3),  # whose grid does not end at 1
    Slider("s", "s", "s", 0.01, 100.0, 0.02, log=True),
)


@pytest.fixture(scope="module")
def page(browser):
    """An empty page that finds the modules beside it."""
    context = browser.new_context()
    page = context.new_page()

    def serve(route):
        name = route.request.url.removeprefix(SITE).strip("/")
        if not name:
            route.fulfill(content_type="text/html", body="<!doctype html><title>stage</title>")
        elif name == "joined.js":
            route.fulfill(content_type="text/javascript", body=source.script())
        else:
            body = (source.FOLDER / "js" / name).read_text("utf-8")
            route.fulfill(content_type="text/javascript", body=body)

    page.route(f"{SITE}/**", serve)
    page.goto(SITE)
    yield page
    context.close()


def call(page, module, function, calls):
    """What a function of a module gives for each of these lists of arguments."""
    return page.evaluate(
        """async ([module, name, calls]) => {
            const {[name]: called} = await import(module);
            return calls.map(given => called(...given));
        }""",
        [f"/{module}", function, calls],
    )


@pytest.mark.parametrize("module", MODULES)
def test_each_is_a_module_of_its_own(page, module):
    assert page.evaluate(
        "async module => Object.keys(await import(module)).length > 0", f"/{module}"
    )


def test_joined_they_are_what_anywidget_expects(page):
    hooks = page.evaluate("async () => Object.keys((await import('/joined.js')).default())")
    assert hooks == ["initialize", "render"]


def test_a_text_has_the_same_pieces(page):
    texts = ["", "loss", "*y* at the start", "log *p*(*y*)", r"5 \* 3 \\ *x*", r"a \q", "**"]
    assert call(page, "text.js", "pieces", [[text] for text in texts]) == [*map(pieces, texts)]
    assert call(page, "text.js", "plain", [[text] for text in texts]) == [*map(plain, texts)]


def test_a_number_is_written_the_same(page):
    values = [0.0, -0.0, -0.0004, 2.4, -1234.5678, 1e6, np.inf, -np.inf, np.nan]
    ties = [
        sign * n / 2**k for sign in (1, -1) for k in range(1, 6) for n in (*range(1, 260, 2), 4095)
    ]
    near = [np.nextafter(value, np.inf) for value in ties[:200]]
    decimal = [
        n / 2000 for n in range(1, 2000, 2)
    ]  # ties as they are written, not as they are kept
    chosen = np.random.default_rng(0)
    others = chosen.normal(size=500) * 10.0 ** chosen.integers(-12, 40, 500)
    values += [*ties, *near, *decimal, *others, 1e21, -1e21, 123456789012345678901.0, 1e300, 5e-324]
    calls = [[float(value), digits] for value in values for digits in range(5)]
    assert call(page, "text.js", "number", calls) == [number(*given) for given in calls]


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_the_positions_of_a_slider_are_the_same(page, slider):
    values = np.linspace(slider.low - 1, slider.high + 1, 500).tolist()
    arrived = call(page, "grid.js", "onGrid", [[value, vars(slider)] for value in values])
    assert arrived == [slider.nearest(value) for value in values]


def test_values_arrive_as_they_were_sent_and_the_others_are_the_bases(page):
    field = np.array([[0.0, 1.0, np.inf], [-np.inf, 0.25, np.nan]])
    steps = [1, 65533, 65534, 0, 16384, 65535]
    base = [1.5, (0.0, 1.0), "loss", False, np.arange(3.0), field, ("a", "b")]
    values = [np.pi, (-np.inf, 2.0), "loss", True, np.arange(4.0) / 3, field, ("a", "c")]
    sent = [encode(base), encode(values, base)]
    arrived = page.evaluate(
        """async sent => {
            const {decode} = await import('/wire.js');
            const [base, values] = sent.reduce((known, [header, bytes]) => {
                const padded = Uint8Array.from([7, ...bytes]);  // as in a message, not at its start
                const view = new DataView(padded.buffer, 1);
                return [...known, decode(header, view, known.at(-1))];
            }, []);
            const plain = value => value.steps ? {...value, steps: [...value.steps]}
                : ArrayBuffer.isView(value) ? [...value] : value;
            return [base.map(plain), values.map(plain), values[5] === base[5]];
        }""",
        [[json.loads(json.dumps(header)), [*buffer]] for header, buffer in sent],
    )
    assert arrived.pop()  # a field that is not sent again is the very same
    for found, made in zip(arrived, (base, values), strict=True):
        assert found[:4] == [made[0], list(made[1]), made[2], made[3]]
        np.testing.assert_array_equal(found[4], made[4].astype(np.float32))
        assert found[5] == {"rows": 2, "columns": 3, "low": 0, "high": 1, "steps": steps}
        assert found[6] == list(made[6])
