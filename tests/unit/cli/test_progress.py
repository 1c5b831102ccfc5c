from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sluis.cli.plainly import plainly, without_secrets
from sluis.cli.progress import Line, _Plain, lines_of, progress_on
from sluis.cli.progress_file import ProgressFile
from sluis.cli.watch import Watch


def event(kind: str, **data: object) -> dict[str, object]:
    return {"event": kind, "event_data": data}


def test_events_become_lines():
    assert lines_of(event("playbook_on_play_start", name="Prepare")) == [Line("play", "Prepare")]
    assert lines_of(event("runner_on_ok", task="Copy", host="h1", res={"changed": True})) == [
        Line("changed", "Copy", "h1")
    ]
    assert lines_of(event("runner_on_failed", task="Copy", host="h1", res={"msg": "no"})) == [
        Line("failed", "Copy", "h1", "no", brief="no")
    ]
    assert lines_of(event("runner_on_unreachable", task="T", host="h", res={}))[0].detail == (
        "no message"
    )
    assert lines_of(event("runner_on_skipped", task="T", host="h")) == []


def test_words_of_a_role_for_the_operator_are_shown():
    res = {"sluis_progress": ["records: V6 in 12 s", "letters: V3 in 4 s"]}
    found = lines_of(event("runner_on_ok", task="Prove", host="h1", res=res))
    assert [line.text for line in found] == ["records: V6 in 12 s", "letters: V3 in 4 s"]


def test_a_planned_step_does_not_look_like_one_that_was_done():
    res = {"changed": True, "planned": True}
    (found,) = lines_of(event("runner_on_ok", task="Install", host="h1", res=res))
    assert found == Line("word", "planned: Install", "h1")
    (found,) = lines_of(
        event("runner_on_ok", task="Install", host="h1", res={"already_done": True})
    )
    assert found.text == "done before: Install"


def test_newcomer_so_does_a_loop_of_planned_steps():
    """In prepare nothing is restored beside, and nothing swapped in."""
    rounds = [{"changed": True, "planned": True}, {"changed": True, "planned": True}]
    res = {"changed": True, "results": rounds}
    (found,) = lines_of(event("runner_on_ok", task="Swap in", host="h1", res=res))
    assert found == Line("word", "planned: Swap in", "h1")
    rounds[0]["planned"] = False
    (found,) = lines_of(event("runner_on_ok", task="Swap in", host="h1", res=res))
    assert found.kind == "changed"


def test_tasks_that_only_arrange_others_are_not_shown():
    for action in ("include_role", "ansible.builtin.include_tasks", "ansible.builtin.set_fact"):
        data = {"task": "T", "host": "h1", "res": {}, "task_action": action}
        assert lines_of(event("runner_on_ok", **data)) == []
        assert len(lines_of(event("runner_on_failed", **data))) == 1


_TEXT = st.text(max_size=60) | st.sampled_from(
    ["\x1b[2J", "a\nb", "\u202etxt.exe", "\u2028", "x" * 5000, "[bold]b[/bold]", ""]
)
_ANYTHING = st.none() | st.booleans() | st.integers() | _TEXT | st.lists(_TEXT, max_size=3)
_RESULT = _ANYTHING | st.dictionaries(
    st.sampled_from(["msg", "censored", "changed", "planned", "already_done", "sluis_progress"]),
    _ANYTHING,
)
_DATA = _ANYTHING | st.fixed_dictionaries(
    {"task": _ANYTHING, "host": _ANYTHING, "name": _ANYTHING, "res": _RESULT},
    optional={"ignore_errors": st.booleans(), "task_action": _ANYTHING},
)
#: which kinds of lines an event may give
_GIVES = {
    "playbook_on_play_start": {"play"},
    "playbook_on_task_start": {"task"},
    "runner_on_ok": {"ok", "changed", "word"},
    "runner_on_failed": {"failed", "word"},
    "runner_on_unreachable": {"unreachable"},
    "runner_on_skipped": set(),
    "verbose": set(),
    None: set(),
}


@given(st.sampled_from(sorted(_GIVES, key=str)), _DATA)
def test_W10_whatever_an_event_holds_its_lines_can_be_shown(kind: str | None, data: object):
    lines = lines_of({"event": kind, "event_data": data})
    assert {line.kind for line in lines} <= _GIVES[kind]
    for line in lines:
        for text in (line.text, line.host, line.detail):
            assert isinstance(text, str)
            assert len(text) <= 2000 + len("planned: ")
            unseen = [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}]
            # only what a host says at length has lines of its own, which are then indented
            assert set(unseen) <= ({"\n", "\t"} if text is line.detail else {"\t"})
    if kind in ("runner_on_failed", "runner_on_unreachable"):
        (line,) = lines  # a failure is never passed over in silence
        assert line.detail or line.text.endswith(" (an expected failure)")


@pytest.mark.parametrize("kind", ["runner_on_failed", "runner_on_unreachable"])
@pytest.mark.parametrize("bad", ["\x1b[2Jgone", "\u202etxt.exe", "a\rb", "\x00", "x" * 5000])
def test_W10_what_a_host_says_of_its_failure_is_cleaned_and_cut(kind: str, bad: str):
    (line,) = lines_of(event(kind, task=bad, host=bad, res={"msg": bad}))
    for text in (line.text, line.host, line.detail):
        assert not set("\x1b\x00\r\u202e") & set(text)
        assert 0 < len(text) <= 2000
    for nothing in ({}, {"msg": ""}, {"msg": None}, "no mapping", None):
        (line,) = lines_of(event(kind, task="T", host="h", res=nothing))
        assert line.detail == "no message"
    (line,) = lines_of(event(kind, task="T", host="h", res={"censored": "hidden"}))
    assert line.detail == "hidden"


@given(_ANYTHING)
def test_W10_an_event_that_is_none_of_ours_says_nothing(strange: object):
    assert lines_of({"event": strange, "event_data": strange}) == []
    assert lines_of({}) == []


def test_W10_a_hosts_words_do_not_look_like_another_hosts_line():
    out = io.StringIO()
    with progress_on(Console(file=out)) as progress:
        for res in ({"msg": "no\nh2: Copy"}, {"sluis_progress": ["one\nh2: Copy"]}):
            for line in lines_of(event("runner_on_failed", task="A\nB", host="h1\nx", res=res)):
                progress.tell(line)
            for line in lines_of(event("runner_on_ok", task="A\nB", host="h1\nx", res=res)):
                progress.tell(line)
    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    assert all(line.startswith(("h1 x: ", "    ")) for line in lines)


def test_plain_lines_when_there_is_no_terminal():
    out = io.StringIO()
    with progress_on(Console(file=out)) as progress:
        progress.tell(Line("play", "Prepare"))
        progress.tell(Line("task", "Copy"))
        progress.tell(Line("failed", "Copy [bold]", "h1", "no"))
    assert out.getvalue() == "Prepare\nh1: Copy [bold]: failed: no\n"


def test_newcomer_the_line_of_a_failed_task_has_the_code_and_the_first_sentence():
    """The whole of it is told once, at the end."""
    error = {
        "code": "not-ready",
        "what": "2 things out there would stop the change.\nThe disk is full. What to do: buy.",
        "remedy": "Put each right.",
    }
    res = {"msg": f"not-ready: {error['what']} What to do: Put each right.", "sluis": error}
    (line,) = lines_of(event("runner_on_failed", task="Look", host="h1", res=res))
    out = io.StringIO()
    with progress_on(Console(file=out)) as progress:
        progress.tell(line)
    assert out.getvalue() == (
        "h1: Look: failed: 2 things out there would stop the change. [not-ready]\n"
    )
    assert "The disk is full" in line.detail, "a program that watches gets all of it"


def test_newcomer_ansibles_own_words_are_cut_after_the_first_sentence_too():
    res = {"msg": "Could not match. Here is a page of advice.\nAnd more."}
    (line,) = lines_of(event("runner_on_failed", task="T", host="h1", res=res))
    assert line.brief == "Could not match."


def test_a_live_display_on_a_terminal():
    out = io.StringIO()
    with progress_on(Console(file=out, force_terminal=True, width=80)) as progress:
        progress.tell(Line("task", "Copy"))
        progress.tell(Line("now", "restoring", "a", "50%"))
        progress.tell(Line("task", "Restore"))
        progress.tell(Line("now", "restoring", "a", "50%"))
        progress.tell(Line("ok", "Restore", "h1"))
    assert "Restore" in out.getvalue()
    assert "\x1b[" in out.getvalue()


@given(st.text())
def test_plain_text_has_no_control_characters(text: str):
    found = plainly("\x1b[2J" + text + "\x9b1m\u202e\u200b\x07")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in found)
    assert not set(found) & {"\x1b", "\x7f", "\x9b", "\u202e", "\u200b"}


@pytest.mark.parametrize(
    ("text", "plain"),
    [("\x1b]0;title\x07ok", "ok"), ("a\r\nb\rc", "a\nb\nc"), ("\x1b[31mred\x1b[0m", "red")],
)
def test_escape_sequences_go_with_their_content(text: str, plain: str):
    assert plainly(text) == plain
    assert plainly("abcdef", limit=4) == "abc…"


def test_secrets_are_taken_out():
    text = "rest:https://user:pa55@192.0.2.1/x then hunter2 twice hunter2"
    assert without_secrets(text, ["hunter2", ""]) == (
        "rest:https://user:***@192.0.2.1/x then *** twice ***"
    )


def test_a_file_of_progress_gives_the_newest_line_of_each_asset(tmp_path: Path):
    path = tmp_path / "progress"
    file = ProgressFile(path)
    assert file.news() == []
    path.write_text(
        '{"asset": "a", "phase": "restoring", "done": 0.1}\n'
        '{"asset": "b", "phase": "reading", "items": 3, "bytes": 12}\n'
        '{"asset": "a", "phase": "restoring", "done": 0.25, "bytes": 1234567890}\n'
        '{"asset": "a", "phase": "half a li'
    )
    assert file.news() == [
        Line("now", "restoring", "a", "25%, 1.2 GB", done=0.25, size=1234567890),
        Line("now", "reading", "b", "12 B, 3 items", size=12, items=3),
    ]
    with path.open("a") as more:
        more.write(
            'ne"}\nnot json\n[1]\n{"asset": 1}\n{"asset": "c", "phase": null, "done": "x"}\n'
        )
    assert file.news() == [Line("now", "half a line", "a"), Line("now", "", "c")]
    assert file.news() == []
    assert ProgressFile(tmp_path).news() == []


def test_plain_lines_name_each_phase_once():
    out = io.StringIO()
    with progress_on(Console(file=out)) as progress:
        for detail in ("1%", "2%"):
            progress.tell(Line("now", "restoring", "a", detail))
        progress.tell(Line("now", "hashing", "a", "1%"))
    assert out.getvalue() == "a: restoring\na: hashing\n"


def test_newcomer_a_task_is_told_without_the_names_of_role_and_file():
    told = {
        "name": "snapshot_and_verify : check | Look at the machine",
        "task": "check | Look at the machine",
        "role": "snapshot_and_verify",
        "task_path": "/x/roles/snapshot_and_verify/tasks/check.yml:2",
    }
    assert lines_of(event("playbook_on_task_start", **told)) == [
        Line("task", "Look at the machine")
    ]
    assert lines_of(event("runner_on_ok", **told, host="h1", res={})) == [
        Line("ok", "Look at the machine", "h1")
    ]
    # of the engineer's own words nothing is taken
    for words in ("check | Look", "snapshot_and_verify : check"):
        own = {"name": words, "task": words, "task_path": "/x/playbooks/update.yml:2"}
        assert lines_of(event("playbook_on_task_start", **own)) == [Line("task", words)]


def test_newcomer_what_had_nothing_to_do_is_not_told_as_done():
    """A change of one client's folder is no move: nobody looked at tenants for it."""
    quiet = event("runner_on_ok", task="Look at tenants", host="h1", res={"sluis_progress": []})
    assert lines_of(quiet) == []
    changed = {"sluis_progress": [], "changed": True}
    assert len(lines_of(event("runner_on_ok", task="T", host="h1", res=changed))) == 1


def test_newcomer_a_log_names_what_takes_longer_than_two_seconds():
    seconds = [0.0]
    out = io.StringIO()
    with _Plain(Console(file=out), lambda: seconds[0]) as progress:
        progress.tell(Line("begin", "Reading"))
        progress.tell(Line("task", "Look at the machine"))
        progress.look()
        seconds[0] = 2.0
        progress.look()
        progress.look()
        progress.tell(Line("ok", "Look at the machine", "h1"))
        progress.tell(Line("task", "Look elsewhere"))
        progress.tell(Line("ok", "Look elsewhere", "h1"))
        seconds[0] = 9.0
        progress.look()  # it has ended
    assert out.getvalue().splitlines() == [
        "Reading", "Look at the machine …", "h1: Look at the machine", "h1: Look elsewhere",
    ]  # fmt: skip


def test_newcomer_a_run_says_that_it_begins_before_ansible_says_a_word():
    out, log = io.StringIO(), None
    with progress_on(Console(file=out)) as progress:
        Watch(progress, log).on_start()  # type: ignore[arg-type]
    assert out.getvalue().startswith("Starting: ")
