"""What belongs to a database and is not in its dump: rights on it, settings, limit, comment.

Settings may be secrets (``alter database x set app.key = ...``), so evidence only has a digest.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Optional

from .postgresql_session import Session, identifier, literal
from .postgresql_swap import MARK

_AROUND = f"""
select json_build_object(
    'comment', shobj_description(d.oid, 'pg_database'),
    'limit', d.datconnlimit, 'has_acl', d.datacl is not null,
    'grants', (select json_agg(one order by one ->> 0, one ->> 1, one ->> 2) from (
        select json_build_array(
            case when a.grantee = 0 then null else pg_get_userbyid(a.grantee) end,
            a.privilege_type, a.is_grantable) as one from aclexplode(d.datacl) a) x),
    'settings', (select json_agg(one order by one ->> 0, one ->> 1) from (
        select json_build_array(
            case when s.setrole = 0 then null else pg_get_userbyid(s.setrole) end, c) as one
        from pg_db_role_setting s, unnest(s.setconfig) c
        where s.setdatabase = d.oid and c not like '{MARK}=%') x))
from pg_database d where d.datname = {{name}}
"""
#: Settings that hold a list: the server stores them as SQL already.
_LISTS = frozenset(
    {"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"}
)


def read_around(session: Session, name: str) -> Optional[Dict[str, Any]]:
    """What is around a database as it is now; ``None`` when there is none of that name."""
    found: Optional[Dict[str, Any]] = session.row(_AROUND.format(name=literal(name)))
    return found


def around_digest(around: Dict[str, Any]) -> str:
    """SHA-256 of it: equal means the same rights, settings, limit and comment."""
    return hashlib.sha256(json.dumps(around, sort_keys=True).encode()).hexdigest()


def give_around(session: Session, around: Dict[str, Any], name: str) -> None:
    """Give it to a database that was just made."""
    database = identifier(name)
    statements: List[str] = [f"alter database {database} connection limit {int(around['limit'])};"]
    if around["has_acl"]:
        statements.append(f"revoke all on database {database} from public;")
        for role, right, grantable in around["grants"] or []:
            to = "public" if role is None else identifier(role)
            option = " with grant option" if grantable else ""
            statements.append(f"grant {right} on database {database} to {to}{option};")
    if around["comment"] is not None:
        statements.append(f"comment on database {database} is {literal(around['comment'])};")
    for role, setting in around["settings"] or []:
        key, _, value = setting.partition("=")
        spelled = value if key.lower() in _LISTS else literal(value)
        who = f"role {identifier(role)} in " if role is not None else ""
        statements.append(f"alter {who}database {database} set {identifier(key)} to {spelled};")
    session.run("".join(statements))
