"""What is said of hosts when a file with passwords could not be opened: nothing that follows."""

from __future__ import annotations

from sluis.cli.checked import NotRight
from sluis.cli.checked_vault import MAY_FOLLOW, without_what_follows

SHUT = "inventories/practice/group_vars/all/secrets.yml"


def written(code: str, about: str = SHUT) -> NotRight:
    return NotRight(True, about, 0, code, "It is not right.", "Put it right.")


def there(code: str, about: str = "web") -> NotRight:
    return NotRight(False, about, 0, code, f"{about} is not right.", "Put it right.")


def test_newcomer_what_is_missing_because_a_file_stays_shut_is_no_finding() -> None:
    """ "Write ansible_become_password into a vault file" was said, and it stood in one."""
    out = [there(code) for code in sorted(MAY_FOLLOW)]
    true = [there("clock-off"), there("repository-password-wrong"), there("become-refused")]
    kept, left, instead = without_what_follows([written("vault-not-opened")], [*out, *true])
    assert kept == [written("vault-not-opened")]
    assert left == true
    (told,) = instead
    assert all(code in told for code in MAY_FOLLOW)
    assert "web may be right" in told


def test_newcomer_where_every_file_was_opened_all_of_it_is_a_finding() -> None:
    out = [there(code) for code in sorted(MAY_FOLLOW)]
    other = [written("unknown-setting")]
    assert without_what_follows(other, out) == (other, out, [])


def test_newcomer_a_file_of_one_host_says_nothing_of_another() -> None:
    said = [there("become-password-missing", name) for name in ("web", "db.example", "other")]
    store = there("store-login-refused", "store main")
    for name in ("host_vars/web.yml", "host_vars/web/secrets.yml", "host_vars/web"):
        shut = [written("vault-not-opened", f"inventories/practice/{name}")]
        assert without_what_follows(shut, [*said, store])[1] == said[1:]
    shut = [written("vault-not-opened", "inventories/practice/host_vars/db.example.yml")]
    assert without_what_follows(shut, said)[1] == [said[0], said[2]]


def test_newcomer_a_file_is_not_shut_by_itself_where_its_password_is_missing() -> None:
    """Of a vault.cfg that names no file it was said as well that each file cannot be opened."""
    for code in ("bad-vault-setting", "vault-file-not-private", "vault-gives-no-password"):
        settings = written(code, "inventories/practice")
        kept, _, instead = without_what_follows([settings, written("vault-not-opened")], [])
        assert kept == [settings]
        assert SHUT in instead[0]
