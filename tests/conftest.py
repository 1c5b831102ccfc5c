"""How the tests are run: which of them stay together, and that none leaves a process behind.

What is found at the end fails the run.
"""

from __future__ import annotations

import gc
import os
import secrets
import sys

import psutil
import pytest
from hypothesis import HealthCheck, settings

# What takes long on a busy machine is no fault of the property that is tested.
settings.register_profile("sluis", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make mutants` runs a test hundreds of times and must see the same each time
settings.register_profile(
    "mutants",
    settings.get_profile("sluis"),
    derandomize=True,
    database=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("SLUIS_HYPOTHESIS", "sluis"))

_MARK = "SLUIS_TEST_RUN"
_LEFT = "sluis_left_behind"
_left = pytest.StashKey[list[str]]()


def pytest_configure(config):
    # a worker gets its own mark, so that it blames no other worker's tests
    os.environ[_MARK] = secrets.token_hex(8)
    config.stash[_left] = []
    gc.disable()  # until all is collected: nearly all that is made by then stays


# before pytest-xdist, which reads the groups in this very hook
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Share what is expensive to build, and begin with what takes longest.

    Tests that use the same fixtures of their module stay in one process, or each process would
    build them for itself. Playbook runs take longest, and at the end the others would wait.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and (names := _module_fixtures(item)):
            file = item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(f"{file}:{','.join(names)}"))
    items.sort(key=lambda item: "playbooks" not in item.path.parts)


def pytest_collection_finish():
    """Leave what was collected alone from now on.

    Hundreds of thousands of objects that live as long as the process: each full collection walked
    through them, and wrote to each page of them that a child of this process had in common with it.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


_INTERPRETER = (sys.pycache_prefix, sys.dont_write_bytecode)


# after the fixtures, which put back what they set
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    """No test leaves another interpreter to those that come after it."""
    now = (sys.pycache_prefix, sys.dont_write_bytecode)
    sys.pycache_prefix, sys.dont_write_bytecode = _INTERPRETER
    assert now == _INTERPRETER, f"{item.nodeid} left pycache_prefix, dont_write_bytecode = {now}"


def _module_fixtures(item):
    known = getattr(item, "_fixtureinfo", None)
    defined = known.name2fixturedefs if known else {}
    return sorted(name for name, found in defined.items() if found[-1].scope == "module")


def pytest_sessionfinish(session):
    ours = os.environ[_MARK]
    # with workers the controller runs no test; what carries its mark are the workers
    controls = session.config.pluginmanager.has_plugin("dsession")
    left = [] if controls else [p for p in psutil.process_iter() if _is_of(p, ours)]
    found = []
    for process in left:
        try:
            found.append(f"{process.pid}: {' '.join(process.cmdline())[:300]}")
            process.kill()
        except psutil.Error:
            continue
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_LEFT] = found
    else:
        session.config.stash[_left] += found
    if session.config.stash[_left] and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[_left] += getattr(node, "workeroutput", {}).get(_LEFT, [])


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[_left]:
        terminalreporter.write_line(f"LEFT BEHIND by a test, now ended: {line}", red=True)


def _is_of(process, mark):
    try:
        return (
            process.pid != os.getpid()
            and process.status() != psutil.STATUS_ZOMBIE
            and process.environ().get(_MARK) == mark
        )
    except psutil.Error:
        return False
