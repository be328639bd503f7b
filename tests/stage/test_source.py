"""The modules of the page as one text."""

import re

import pytest

from explorer.stage import source

MODULES = sorted((source.FOLDER / "js").glob("*.js"))
WEB = source.FOLDER.parent / "site" / "web"
MAINS = pytest.mark.parametrize(
    "main", [source.FOLDER / "js" / "main.js", WEB / "page.js"], ids=lambda path: path.name
)


def test_every_module_is_in_the_script_once():
    script = source.script()
    for module in MODULES:
        body = source.EXPORT.sub("", source.IMPORT.sub("", module.read_text("utf-8")))
        assert script.count(body) == 1, module.name


def test_the_script_imports_nothing_and_exports_its_main_function_alone():
    lines = re.findall(r"^ *(?:import|export)\b.*", source.script(), re.MULTILINE)
    assert lines == ["export default () => {"]


@MAINS
def test_no_two_modules_have_the_same_name_for_something(main):
    names = re.findall(
        r"^(?:async )?(?:const|let|function|class) (?:\[([^\]]*)\]|([\w$]+))",
        source.script(main),
        re.MULTILINE,
    )
    flat = [name for several, one in names for name in re.split(r",\s*", several or one)]
    assert len(flat) > 50
    assert sorted(set(flat)) == sorted(flat)


def test_what_a_module_needs_stands_before_it(tmp_path, monkeypatch):
    files = {
        "main.js": 'import { b } from "./b.js";\nimport {\na\n} from "./a.js";\nexport default b\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = a;\n',
        "a.js": "export const a = 1;\n",
    }
    (tmp_path / "js").mkdir()
    for name, text in files.items():
        (tmp_path / "js" / name).write_text(text)
    monkeypatch.setattr(source, "FOLDER", tmp_path)
    assert source.script() == "const a = 1;\n\nconst b = a;\n\nexport default b\n"


@pytest.mark.parametrize(
    "module", [*MODULES, WEB / "page.js", WEB / "sliders.js"], ids=lambda path: path.name
)
def test_modules_use_only_the_imports_and_exports_that_are_joined(module):
    text = module.read_text("utf-8")
    imports = re.findall(r"^import\b[^;]*;", text, re.MULTILINE)
    for line in imports:
        assert source.IMPORT.fullmatch(line + "\n"), line
        assert " as " not in line
    assert not re.search(r"^export (?!default|const|let|function|class|async)", text, re.MULTILINE)
