"""The make-believe vendor's updates, written down as an engineer describes them.

5.1 is a good update. 5.2 breaks half-way: the letters are already spoiled and the
database is half changed when its migration fails.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sluis.rehearsal.application import release
from sluis.rehearsal.client_files import LabClient
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.practice_data import DATABASE

_FILES = Path(__file__).with_name("vendor_files")

Version = Literal["5.1", "5.2"]


@dataclass(frozen=True)
class Update:
    """What the engineer wrote for one update: the file, and the folder of what is sent."""

    description: Path
    files: Path


def write_update(lab: Lab, who: LabClient, change: str, version: Version) -> Update:
    """Write ``changes/<change>/update.yml`` and the vendor's files beside it.

    Args:
        lab: a running lab.
        who: the client.
        change: the change's id.
        version: the vendor's version to go to.
    """
    folder = who.places.change(who.client, change)
    files = folder / "files"
    installed = files / "release"
    installed.mkdir(parents=True)
    for name in _FILES.glob(f"*-{version}.*"):
        shutil.copy(name, files / name.name)
    schema = int(version.replace(".", ""))
    (installed / "release.json").write_text(release(version=version, schema=schema))
    (installed / "NEWS.txt").write_text(f"{version}: see the vendor's notes.\n")
    description = folder / "update.yml"
    write_yaml(description, _description(lab, files, version))
    return Update(description, files)


def _description(lab: Lab, files: Path, version: Version) -> dict[str, Any]:
    start = _control(lab, "start", "start-application", "Start the patient system.")
    again = _control(
        lab,
        "start",
        "start-application-again",
        "Start the patient system as it was before the update.",
    )
    migrate, release = _migration(lab, files, version), _release(lab, files)
    # 5.2 installs first and migrates afterwards, which is how it gets half-way
    steps = [*migrate, release] if version == "5.1" else [_tidy(lab, files), release, *migrate]
    return {
        "software_update_quiesce": [
            _control(
                lab,
                "stop",
                "stop-application",
                "Stop the patient system, so that nothing changes during the update.",
            )
        ],
        "software_update_steps": [*steps, start],
        "software_update_way_back": [
            {
                "step": "remove-migration",
                "words": "Take the supplier's changes to the database away again.",
                "hosts": "db1",
                "module": "ansible.builtin.file",
                "args": {"path": _migration_file(lab, version), "state": "absent"},
                "undoes": ["deliver-migration"],
            },
            again | {"undoes": ["stop-application", "start-application"]},
        ],
        "service_checks_list": _checks(lab, version),
    }


def _checks(lab: Lab, version: Version) -> list[dict[str, Any]]:
    database = {
        "host": "db1",
        "type": "sql",
        "engine": "postgresql",
        "database": DATABASE,
        "host_address": lab.postgres.host,
        "port": lab.postgres.port,
        "user": lab.postgres.superuser,
        "bin_dir": str(lab.postgres.bin_dir),
    }
    counted = ("patient", "prescription", "measurement")
    return [
        {
            "id": "system-runs",
            "what": "The patient system runs.",
            "host": "app1",
            "type": "service",
            "pid_file": str(lab.application.folder / "run" / "pid"),
        },
        {
            "id": "system-answers",
            "what": f"The patient system answers as version {version}.",
            "host": "app1",
            "type": "http",
            "url": lab.application.url,
            "contains": f'"version": "{version}"',
            "tries": 5,
        },
        {
            "id": "release-installed",
            "what": f"The files of version {version} are in place.",
            "host": "app1",
            "type": "file",
            "path": str(lab.application.current / "release.json"),
            "contains": version,
        },
        {
            "id": "old-version-answers",
            "what": f"The patient system answers as version {lab.health()['version']} again.",
            "host": "app1",
            "type": "http",
            "url": lab.application.url,
            "contains": f'"version": "{lab.health()["version"]}"',
            "tries": 5,
            "after": "way_back",
        },
        *(
            {
                **database,
                "after": "both",
                "id": f"every-{table}",
                "what": f"Every {table} from before the update is still there.",
                "query": f"select count(*) from {table}",  # noqa: S608
                "expect": lab.sql(f"select count(*) from {table}"),  # noqa: S608
            }
            for table in counted
        ),
    ]


def _control(lab: Lab, what: str, step: str, words: str) -> dict[str, Any]:
    return {
        "step": step,
        "words": words,
        "hosts": "app1",
        "module": "ansible.builtin.command",
        "args": {"argv": [str(lab.application.control), what]},
    }


def _migration(lab: Lab, files: Path, version: Version) -> list[dict[str, Any]]:
    on_host = _migration_file(lab, version)
    return [
        {
            "step": "deliver-migration",
            "words": "Put the supplier's changes to the database ready on the database server.",
            "hosts": "db1",
            "module": "ansible.builtin.copy",
            "args": {"src": str(files / f"update-{version}.sql"), "dest": on_host, "mode": "0600"},
        },
        {
            "step": "migrate-database",
            "words": f"Change the patient database to version {version}.",
            "hosts": "db1",
            "module": "ansible.builtin.command",
            "args": {
                "argv": [
                    lab.postgres.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
                    "-h", lab.postgres.host, "-p", str(lab.postgres.port),
                    "-U", lab.postgres.superuser, "-d", DATABASE, "-f", on_host,
                ],
            },
            "inside": ["patient-database"],
        },
    ]  # fmt: skip


def _migration_file(lab: Lab, version: Version) -> str:
    return str(lab.hosts["db1"].folder / "incoming" / f"update-{version}.sql")


def _release(lab: Lab, files: Path) -> dict[str, Any]:
    return {
        "step": "install-release",
        "words": "Replace the patient system by the new version.",
        "hosts": "app1",
        "module": "ansible.builtin.copy",
        "args": {
            "src": f"{files / 'release'}/",
            "dest": f"{lab.application.current}/",
            "mode": "0644",
        },
        "inside": ["application"],
    }


def _tidy(lab: Lab, files: Path) -> dict[str, Any]:
    return {
        "step": "tidy-letters",
        "words": "Run the supplier's program that tidies the letters.",
        "hosts": "app1",
        "module": "ansible.builtin.script",
        "args": {"cmd": shlex.join([str(files / "tidy-letters-5.2.sh"), str(lab.documents)])},
        "inside": ["documents"],
    }
