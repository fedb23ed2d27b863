# SPDX-License-Identifier: Apache-2.0
"""The fuzzer of `make fuzz`: its short form, what of the stack is ever used, and that it finds what it is for."""

import shutil
from pathlib import Path

import pytest

from tests.filter.builds import FILTER, build
from tests.filter.fuzz import bodies_run, options, run
from tests.filter.fuzz.tally import Tally, play

STACK_SPARE = 512
EPISODES = 14
# Until it is found: some meet it seldom.
EPISODES_OF_A_SLIP = 60


def played(wasm: Path, name: str, episodes: int = EPISODES) -> Tally:
    total = Tally()
    for number in range(episodes):
        total.add(play(wasm, name, 1, number))
    return total


def test_the_short_form(checked: Path) -> None:
    total = played(checked, "checked")
    assert total.failures == []
    assert total.documents > 500


def test_the_release_and_its_stack(released: Path) -> None:
    total = played(released, "released")
    assert total.failures == []
    assert STACK_SPARE <= total.stack_untouched < 3072


def test_the_same_seed_and_number_are_the_same_events(released: Path) -> None:
    assert played(released, "released", 3) == played(released, "released", 3)


# A line of the sources, what it is turned into, and what the fuzzer has to say of it.
SLIPS = {
    "a header that is not redacted": (
        "capture/hidden_names.zig",
        "isDefault(hidden.list, name)",
        'isDefault(hidden.list, "")',
        "secret",
    ),
    "a query that is not redacted": ("capture/redaction.zig", "at = value_end;", "at += 0;", "secret"),
    "user info that is not redacted": ("capture/redaction.zig", "at = user_end;", "at += 0;", "secret"),
    "a URL that is not looked into": (
        "capture/urls.zig",
        "(unit.byte == '%' and",
        "(unit.depth < 1 and unit.byte == '%' and",
        "secret",
    ),
    "a letter of base64": ("formats/base64.zig", "0123456789+/", "0123456798+/", "body"),
    "a count that is lost": (
        "send/sender.zig",
        "count(plugin, reason, 1)",
        "count(plugin, reason, 0)",
        "counted nowhere",
    ),
    "a block that does not come back": (
        "capture/block_list.zig",
        "while (index != none) {",
        "if (index != none) {",
        "memory_bytes",
    ),
    "a body that is cut too late": ("filter.zig", "if (size > room) side", "if (size > room + 1) side", "mark of the"),
    "another part of the trace id": (
        "select/sampling.zig",
        "trace_id[trace_id.len - random_digits ..]",
        "trace_id[0..random_digits]",
        "skipped rose",
    ),
    "another flag of the parent": ("select/sampling.zig", "16) & 1 == 1", "16) & 1 == 0", "skipped rose"),
    "randomness that is not looked at": ("select/sampling.zig", '"rv:"', '"rw:"', "skipped rose"),
    "another threshold": ("select/sampling.zig", "upper / whole << 28", "upper / whole << 27", "skipped rose"),
    "what is always traced, by its time": ("select/selection.zig", "took_ns > @as", "took_ns < @as", "document of no"),
    "what is always traced, by its answer": ("filter.zig", "!stream.is_grpc and", "", "skipped rose"),
    "a body that is held for nothing": ("filter.zig", " or stream.provisional) return;", ") return;", "body"),
    "names of an older configuration": ("filter.zig", "            hidden_names.clear();\n", "", "header"),
    "a value that is not plain": ("capture/redaction.zig", "';' => if (text[0] == '/') return at,", "", "secret"),
    "a name that is cut": ("capture/redaction.zig", "name.addAll(text[at..][0..run]);", "", "secret"),
    "a copy that is kept for ever": ("send/sender.zig", "releaseKept(at);", "", "memory_bytes"),
    "a time that is not waited for": ("send/sender.zig", "retry_after -% 1 < retry_after_max", "false", "the log has"),
    "a name that is not unescaped": ("capture/json_fields.zig", "if (json.code < 0x80)", "if (json.code < 0)", "body"),
    "a value that is shown too early": (
        "capture/json_fields.zig",
        "if (json.depth != json.hidden_depth) continue;",
        "",
        "body",
    ),
    "a comma that is lost": ("capture/json_fields.zig", "shown = at;", "shown = at + 1;", "body"),
    "a value that is taken for plain": ("scan.zig", " | between(word, '?', '@')", "", "secret"),
    "a name that is not read": ("capture/body_writer.zig", "writer.path_length +|= bytes.len;", "", "body"),
    "a form that is not looked into": ("capture/form_fields.zig", "if (isHidden(writer))", "if (false)", "body"),
    "a refusal that is never forgiven": ("send/backoff.zig", "backoff.refusals_left == 0", "true", "the log has"),
    "bytes in flight that stay": ("send/calls.zig", "calls.bytes -= call.bytes;", "", "plain exchange"),
}


# What exchanges seldom meet, and a run of bodies alone does.
SLIPS_OF_BODIES = {
    "a field that is listed by its path": (
        "capture/hidden_names.zig",
        "if (hidden.isGiven(path, false)) return true;",
        "if (hidden.isGiven(path, false) and path.len == 0) return true;",
    ),
    "a field that is taken away by its path": (
        "capture/hidden_names.zig",
        "!hidden.isGiven(path, true) or",
        '!hidden.isGiven("", true) or',
    ),
}


def broken_build(tmp_path: Path, file: str, right: str, wrong: str) -> Path:
    copy = tmp_path / "filter"
    shutil.copytree(FILTER, copy, ignore=shutil.ignore_patterns(".zig-cache", "zig-out", "dist"))
    source = copy / "src" / file
    text = source.read_text()
    assert right in text, "the sources have changed: name another line"
    source.write_text(text.replace(right, wrong))
    # Built in a second or two.
    return build(copy, tmp_path, "-Doptimize=Debug")


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found(slip: str, tmp_path: Path) -> None:
    *change, complaint = SLIPS[slip]
    broken = broken_build(tmp_path, *change)
    failures: list[str] = []
    for number in range(EPISODES_OF_A_SLIP):
        failures += play(broken, "broken", 1, number).failures
        if any(complaint in one for one in failures):
            return
    raise AssertionError(failures)


@pytest.mark.parametrize("slip", SLIPS_OF_BODIES)
def test_a_slip_is_found_by_bodies(slip: str, tmp_path: Path) -> None:
    broken = broken_build(tmp_path, *SLIPS_OF_BODIES[slip])
    assert any(bodies_run.play(broken, 1, number).failures for number in range(12))


def test_options() -> None:
    assert options.read({}) == options.Options(10_000_000, 1, None, None, 10_000_000)
    assert options.read({"SHORT": "1", "SEED": "7"}) == options.Options(100_000, 7, None, None, 20_000)
    assert options.read({"SHORT": "1", "SEED": "7", "EPISODE": "0"}) == options.Options(100_000, 7, 0, None, 0)
    assert options.read({"EVENTS": "5"}).events == 5
    assert options.read({"BODIES": "0"}).bodies == 0


@pytest.mark.parametrize("name", ["EVENTS", "BODIES", "SEED", "EPISODE", "SHORT", "FILTER"])
def test_bad_options_are_named(name: str) -> None:
    with pytest.raises(options.BadOption, match=f"{name}=-1: .*give"):
        options.read({name: "-1"})


def test_a_whole_run_in_its_processes(released: Path) -> None:
    told: list[str] = []
    total = run.run(options.Options(3000, 5, None, None), {"released": released}, told.append)
    assert total.failures == []
    assert total.events >= 3000


def test_many_bodies(checked: Path) -> None:
    total = Tally()
    for number in range(8):
        total.add(bodies_run.play(checked, 1, number))
    assert total.failures == []
    assert total.bodies == 8 * bodies_run.PER_MACHINE
