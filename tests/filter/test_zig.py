# SPDX-License-Identifier: Apache-2.0
"""The sources by themselves: native tests, style, and no file that nobody tests."""

import re

from tests.filter.builds import FILTER, zig


def test_native_tests_pass() -> None:
    zig("build", "test")


def test_sources_are_formatted() -> None:
    zig("fmt", "--check", ".")


def test_every_source_with_tests_runs_and_every_logic_has_tests() -> None:
    listed = set(re.findall(r'@import\("([^"]+)"\)', (FILTER / "src/tests.zig").read_text()))
    listed.add("config/configuration_test.zig")  # configuration.zig imports it
    names = {path.relative_to(FILTER / "src").as_posix() for path in (FILTER / "src").rglob("*.zig")}
    with_tests = {name for name in names if re.search(r"^test\b", (FILTER / "src" / name).read_text(), re.M)}
    assert with_tests - {"tests.zig"} <= listed
    # Declarations only; and what has to do with the host, which is tested through the built binary.
    declarations = {"limits.zig", "metrics/metrics.zig", "config/settings.zig", "tests.zig"}
    declarations |= {f"formats/{name}.zig" for name in ("formats", "publish", "apiclarity", "ndjson", "otlp")}
    hosted = {"main.zig", "filter.zig", "host/abi.zig", "capture/exchange.zig"}
    hosted |= {"metrics/meter.zig", "select/polling.zig", "send/sender.zig"}
    assert names - listed == declarations | hosted


def test_only_abi_names_host_functions() -> None:
    for path in (FILTER / "src").rglob("*.zig"):
        if path.name != "abi.zig":
            assert 'extern "env"' not in path.read_text(), path


def test_files_and_functions_stay_small() -> None:
    for path in (FILTER / "src").rglob("*.zig"):
        lines = path.read_text().splitlines()
        assert len(lines) <= 320, path
        starts = [number for number, line in enumerate(lines) if re.match(r"\s*(pub |inline |export )*fn ", line)]
        for start in starts:
            if lines[start].endswith("type {"):
                continue  # the namespace of a generic
            closing = lines[start][: len(lines[start]) - len(lines[start].lstrip())] + "}"
            length = (
                0
                if "}" in lines[start]
                else next(at for at, line in enumerate(lines[start:]) if line.startswith(closing))
            )
            assert length <= 70, f"{path}:{start + 1}"
