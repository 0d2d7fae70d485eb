"""Starting is light: neither torch nor a plugin is imported before a command needs it."""

import subprocess
import sys

import pytest

PROBE = """
import sys
sys.argv = ["contreg", *{arguments!r}]
try:
    {statement}
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"torch", "numba", "SimpleITK", "contreg_plugins", "contreg_adapters"}} & set(sys.modules)
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
MAIN = "from contreg_cli.main import main; main()"


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("import contreg_core", []),
        ("import contreg; dir(contreg)", []),
        ("import contreg_core.plugins as p; p.installed_plugins()", []),
        (MAIN, ["--help"]),
        (MAIN, ["--version"]),
        (MAIN, ["fit", "--help"]),
        (MAIN, ["plugins", "list"]),
    ],
)
def test_it_leaves_the_heavy_ones_alone(statement: str, arguments: list[str]) -> None:
    code = PROBE.format(statement=statement, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
