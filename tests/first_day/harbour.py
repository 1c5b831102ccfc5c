"""The harbour office: two servers that a supplier has set up, an empty one, and a desk."""

from __future__ import annotations

import secrets
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from first_day.machines import Machine, boot, lay_cables, serve_ssh

ROOT = Path(__file__).resolve().parents[2]
_VENDOR = Path(__file__).with_name("vendor")
_SHIPS, _FORMER = 5000, 400
#: written by the system's own Python, as the supplier's user
_LETTERS = """
import pathlib
for number in range(3000):
    folder = pathlib.Path("/srv/tally/lettres reçues", f"of {2020 + number // 500}")
    folder.mkdir(exist_ok=True)
    (folder / f"letter é {number}.txt").write_text(f"letter {number}\\n" * 60)
"""
_DIARY = """
import os, sqlite3
os.umask(0o077)
diary = sqlite3.connect("/var/lib/tally/diary.sqlite")
diary.execute("pragma journal_mode = wal")
diary.execute("create table berth (id integer primary key, ship text, day text)")
diary.executemany("insert into berth (ship, day) values (?, ?)",
                  [(f"ship {n}", f"2026-01-{n % 28 + 1:02d}") for n in range(800)])
diary.commit()
"""


@dataclass(frozen=True)
class Harbour:
    """The four machines, by the names that the page gives them."""

    desk: Machine
    counter: Machine
    ledger: Machine
    cellar: Machine
    sudo_password: str

    def named(self, name: str) -> Machine:
        """The machine of that name."""
        machine: Machine = getattr(self, name)
        return machine


def set_up(folder: Path) -> Harbour:
    """Start the machines, as they are on the morning of the first day.

    Args:
        folder: an empty folder for all of them.
    """
    lay_cables()
    desk = boot(folder, "desk", "192.0.2.1")
    counter = boot(folder, "counter", "192.0.2.10")
    ledger = boot(folder, "ledger", "192.0.2.11")
    cellar = boot(folder, "cellar", "192.0.2.30")
    password = secrets.token_hex(8)
    key = _engineer(desk)
    for machine, port in ((counter, 22), (ledger, 2222)):
        machine.run(
            f"""
            useradd --create-home --shell /bin/bash maint
            echo 'maint:{password}' | chpasswd
            echo 'maint ALL=(ALL:ALL) ALL' >/etc/sudoers.d/maint
            """
        )
        serve_ssh(machine, port, "maint", key)
    app_password = secrets.token_hex(12)
    _books(ledger, app_password)
    _program(counter, app_password)
    # another Python than the desk's, and the only one of that machine
    counter.run("ln -sf pypy3 /usr/bin/python3; rm /usr/bin/python3.*")
    return Harbour(desk, counter, ledger, cellar, password)


def _engineer(desk: Machine) -> str:
    """The engineer's account, with this project in ``~/sluis``; return their public ssh key."""
    copy = " ".join(
        f"'{ROOT}/{name}'" for name in ("ansible.cfg", "inventories", "playbooks", "roles", "docs",
                                        "python_helpers", "README.md", "pyproject.toml")
    )  # fmt: skip
    above = " ".join(f"'{folder}'" for folder in (ROOT, *ROOT.parents))
    return desk.run(
        f"""
        useradd --create-home --uid 1830 --shell /bin/bash pilot
        mkdir ~pilot/sluis
        cp -r {copy} ~pilot/sluis
        find ~pilot/sluis -name __pycache__ -prune -exec rm -rf {{}} +
        mkdir -p ~pilot/sluis/inventories/trust
        # what "make" has installed once, on this machine as well
        ln -s '{ROOT}/.venv' ~pilot/sluis/.venv
        chmod a+x {above}
        python=$(readlink -f '{ROOT}/.venv/bin/python')
        while [ "$python" != / ]; do python=$(dirname "$python"); chmod a+x "$python"; done
        chown -R pilot: ~pilot
        """
    ) + desk.run(
        "mkdir -m 700 .ssh; ssh-keygen -q -t ed25519 -N '' -C pilot -f .ssh/harbour; "
        "cat .ssh/harbour.pub",
        user="pilot",
    )


def _books(ledger: Machine, password: str) -> None:
    """PostgreSQL as Debian makes it, with two databases of one supplier."""
    shutil.copy(_VENDOR / "tally.sql", f"/proc/{ledger.pid}/root/var/tmp/tally.sql")
    ledger.run(
        f"""
        export LC_ALL=C.UTF-8
        mkdir -p /var/lib/postgresql /etc/postgresql
        chown postgres: /var/lib/postgresql /etc/postgresql
        major=$(ls /usr/lib/postgresql | sort -n | tail -1)
        pg_createcluster "$major" books -p 5433 --locale C.UTF-8
        echo "listen_addresses = '192.0.2.11'" >>/etc/postgresql/$major/books/postgresql.conf
        echo 'host tally "Tally Office" 192.0.2.0/24 scram-sha-256' \\
            >>/etc/postgresql/$major/books/pg_hba.conf
        pg_ctlcluster "$major" books start
        cd /
        psql() {{ runuser -u postgres -- psql -X -q -p 5433 -v ON_ERROR_STOP=1 "$@"; }}
        psql <<SQL
        create role "Tally Office" login password '{password}';
        create role tally_audit;
        create database tally owner "Tally Office";
        create database tally_former owner "Tally Office";
SQL
        psql -d tally -v ships={_SHIPS} -f /var/tmp/tally.sql
        psql -d tally_former -v ships={_FORMER} -f /var/tmp/tally.sql
        """
    )


def _program(counter: Machine, password: str) -> None:
    """The program, letters and diary, under a user of the supplier's."""
    files = Path(f"/proc/{counter.pid}/root/var/tmp/vendor")
    shutil.copytree(_VENDOR, files)
    counter.run(
        f"""
        useradd --system --home-dir /var/lib/tally --create-home tally
        mkdir -p /opt/tally/bin /opt/tally/current /opt/tally/etc '/srv/tally/lettres reçues'
        cp /var/tmp/vendor/tallyctl /opt/tally/bin
        cp /var/tmp/vendor/tallyd.py /opt/tally/current
        echo 3.1 >/opt/tally/current/VERSION
        (umask 077; echo '192.0.2.11:5433:tally:Tally Office:{password}' >/opt/tally/etc/pgpass)
        chown -R tally: /srv/tally /var/lib/tally
        chmod 750 '/srv/tally/lettres reçues'
        """
    )
    counter.run("python3 -c " + shlex.quote(_LETTERS), user="tally")
    counter.run("python3 -c " + shlex.quote(_DIARY), user="tally")
    counter.run("/opt/tally/bin/tallyctl start")


def hand_over(harbour: Harbour) -> None:
    """What an engineer is given on paper or by the supplier: a password, and the update."""
    home = Path(f"/proc/{harbour.desk.pid}/root/home/pilot")
    update = home / "from-the-supplier"
    (update / "current").mkdir(parents=True)
    shutil.copy(_VENDOR / "3.2.sql", update)
    shutil.copy(_VENDOR / "tallyd.py", update / "current")
    (update / "current" / "VERSION").write_text("3.2\n")
    (home / "from-cellar").mkdir(mode=0o700)
    (home / "from-cellar" / "sudo").write_text(harbour.sudo_password + "\n")
    harbour.desk.run("chown -R pilot: ~pilot/from-the-supplier ~pilot/from-cellar")


def bring_from_cellar(harbour: Harbour) -> None:
    """The certificate and the password of the store, brought by hand."""
    home = Path(f"/proc/{harbour.desk.pid}/root/home/pilot/from-cellar")
    for name in ("certificate.pem", "password"):
        shutil.copy(f"/proc/{harbour.cellar.pid}/root/srv/copies/{name}", home / name)
    harbour.desk.run("chown -R pilot: ~pilot/from-cellar")
