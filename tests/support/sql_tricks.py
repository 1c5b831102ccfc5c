"""Queries of a check that try to do more than read, each on a real server."""

from __future__ import annotations

#: made in the database before the tricks are tried; ``{folder}`` is one that the server can write
POSTGRESQL_WORLD = """
create extension dblink; create extension tablefunc; create extension citext;
create sequence counter;
create function wipe() returns int language plpgsql security definer as
    $$ begin delete from patient; return 1; end $$;
create function wipe(patient) returns int language plpgsql stable as
    $$ begin perform dblink_exec('dbname=' || current_database() || ' host={host} port={port}'
        ' user=postgres', 'delete from patient'); return 1; end $$;
create function run() returns int language plpgsql stable as
    $$ begin copy (select 1) to program 'touch {folder}/ran-by-function'; return 1; end $$;
create function "odd name"() returns int language plpgsql stable as
    $$ begin return run(); end $$;
create function count(patient) returns bigint language plpgsql stable as
    $$ begin return run(); end $$;
create operator ~~> (function = dblink_exec, leftarg = text, rightarg = text);
create view tidy as select dblink_exec('host={host} port={port} user=postgres dbname='
    || current_database(), 'delete from patient');
create view tidier as select * from tidy;
create view stopper as select pg_terminate_backend(pid) from pg_stat_activity where false;
create procedure clean() language sql as $$ delete from patient $$;
create function acts() returns int language plpgsql security definer as
    $$ begin copy (select 1) to program 'touch {folder}/acted'; return 5; end $$;
create function wipe_by_default(patient, int default 1) returns int
    language plpgsql stable security definer as
    $$ begin perform acts(); return 5; end $$;
create function wipe_all(variadic patient[]) returns int language plpgsql stable security definer as
    $$ begin perform acts(); return 5; end $$;
create domain somebody as patient;
create table holder (person somebody); insert into holder select p from patient p limit 1;
create function wipe_somebody(somebody) returns int language plpgsql stable security definer as
    $$ begin perform acts(); return 5; end $$;
create function "acts oddly ("() returns int language plpgsql security definer as
    $$ begin perform acts(); return 5; end $$;
create function acts_with(text, text) returns int language plpgsql security definer as
    $$ begin perform acts(); return 5; end $$;
create operator ~~~> (function = acts_with, leftarg = text, rightarg = text);
create type boxed as (n int);
create function unbox(boxed) returns int language plpgsql security definer as
    $$ begin perform acts(); return 5; end $$;
create cast (boxed as int) with function unbox(boxed);
create view odd_call as select "acts oddly ("();
create view by_operator as select 'a'::text ~~~> 'b'::text;
create view by_cast as select (row(1)::boxed)::int;
create view over_a_table as select acts() from patient limit 1;
create view over_a_view as select * from over_a_table;
create extension file_fdw; create server files foreign data wrapper file_fdw;
create foreign table program (n int) server files
    options (program 'touch {folder}/ran-to-be-read; echo 5');
create table parent (n int);
create foreign table child (n int) inherits (parent) server files
    options (program 'touch {folder}/ran-as-a-part; echo 5');
create view over_a_program as select n from program;
"""

_LINK = "host={host} port={port} user=postgres dbname=practice"

POSTGRESQL_TRICKS: dict[str, str] = {
    "statements": "select 1; commit; begin read write; truncate patient cascade; commit; select 5",
    "statements-do": "select 1; do $$ begin delete from patient; end $$; select 5",
    "statements-role": "select 1; reset role; delete from patient; select 5",
    "statements-abort": "select 1; rollback; delete from patient; select 5",
    "dollar": "select $sluis$; commit; delete from patient; select $sluis$",
    "end-of-our-block": "select 1 end $sluis$; delete from patient; do $sluis$ begin",
    "quote": "select 'x'',''hex''),''UTF8''); delete from patient; --'",
    "copy-program": "table patient; copy (select 1) to program 'touch {folder}/ran'",
    "copy-with": "with x as (select 1) copy x to program 'touch {folder}/ran'",
    "modifying-cte": "with gone as (delete from patient returning 1) select count(*) from gone",
    "inserting-cte": "with x as (insert into patient values (9, 'x') returning 1) select 5",
    "select-into": "select * into stolen from patient",
    "select-into-temp": "select * into temp stolen from patient",
    "for-update": "select id from patient for update",
    "explain-analyze": "explain analyze delete from patient",
    "sequence": "select nextval('counter')",
    "sequence-set": "select setval('counter', 99)",
    "notify": "select pg_notify('a', 'b')",
    "wal-message": "select pg_logical_emit_message(false, 'a', 'b')",
    "advisory-lock": "select pg_advisory_lock(7)",
    "advisory-lock-comment": "select pg_advisory_lock/* x */(7)",
    "advisory-lock-line": "select pg_advisory_lock -- x\n(7)",
    "advisory-lock-quoted": 'select "pg_catalog" . "pg_advisory_lock" (7)',
    "advisory-lock-unicode": 'select U&"pg\\005fadvisory_lock"(7)',
    "terminate": "select count(pg_terminate_backend(pid)) from pg_stat_activity",
    "setting": "select set_config('transaction_read_only', 'off', false)",
    "role-and-text": "select set_config('role', 'postgres', false), "
    "query_to_xml('select pg_read_file(''/etc/hostname'')', true, true, '')",
    "text": "select query_to_xml('select nextval(''counter'')', true, true, '')",
    "text-of-an-extension": "select * from crosstab('select wipe(),1,1') as t(a int, b int)",
    "read-file": "select pg_read_file('/etc/hostname')",
    "write-file": "select lo_export(lo_from_bytea(0, 'x'), '{folder}/exported')",
    "import-file": "select lo_import('/etc/hostname')",
    "large-object": "select lo_create(4242)",
    "reload": "select pg_reload_conf()",
    "statistics": "select pg_stat_reset()",
    "slot": "select pg_create_physical_replication_slot('kept', true)",
    "dblink": f"select dblink_exec('{_LINK}', 'delete from patient')",
    "dblink-table": f"select * from dblink('{_LINK}', 'select wipe()') as t(n int)",
    "function": "select wipe()",
    "function-with-schema": "select public.wipe()",
    "function-of-a-row": "select wipe(patient) from patient",
    "function-as-attribute": "select patient.wipe from patient",
    "function-marked-stable": "select run()",
    "function-with-an-odd-name": 'select "odd name"()',
    "function-with-a-known-name": "select count(patient) from patient limit 1",
    "operator": f"select '{_LINK}'::text ~~> 'delete from patient'",
    "operator-with-schema": f"select '{_LINK}'::text operator(public.~~>) 'delete from patient'",
    "view": "select * from tidy",
    "view-of-a-view": "select * from tidier",
    "view-that-signals": "select * from stopper",
    "function-with-a-default": "select patient.wipe_by_default from patient limit 1",
    "function-of-an-array": "select patient.wipe_all from patient limit 1",
    "function-of-a-domain": "select (person).wipe_somebody from holder",
    "view-with-an-odd-name": "select * from odd_call",
    "view-with-an-operator": "select * from by_operator",
    "view-with-a-cast": "select * from by_cast",
    "view-over-a-table": "select * from over_a_view",
    "foreign-table": "select n from program",
    "foreign-table-as-a-part": "select n from parent",
    "foreign-table-in-a-view": "select n from over_a_program",
    "call": "with x as (select 1) call clean()",
    "meta-shell": "select 5 \\! touch {folder}/shell",
    "meta-shell-line": "select 5\n\\! touch {folder}/shell",
    "meta-write": "select 5 \\g {folder}/written",
    "meta-pipe": "select 5 \\g | touch {folder}/piped",
    "meta-copy": "select 5\n\\copy patient to {folder}/copied",
    "meta-connect": "select 5\n\\c - postgres",
    "variable": "select :'HOST'",
    "backtick": "select 5\n\\set x `touch {folder}/tick`",
}

MARIADB_WORLD = """
create table practice.letter (id int) engine=MyISAM; insert into practice.letter values (1);
create sequence practice.counter;
create function practice.wipe() returns int modifies sql data
    begin delete from practice.letter; delete from practice.patient; return 1; end//
create function practice.quiet() returns int no sql
    begin delete from practice.letter; return 1; end//
create function practice.writes() returns int
    begin declare x int; select 1 into outfile '{folder}/by-function'; return 1; end//
create procedure practice.clean() begin delete from practice.letter; end//
"""

MARIADB_TRICKS: dict[str, str] = {
    "statements": "select 1; commit; set session transaction read write; delete from letter",
    "delimiter": "select 1\ndelimiter //\ndelete from letter//",
    "rollback": "select 1; rollback; delete from letter; select 5",
    "end-of-our-text": "select 1'); delete from letter; -- ",
    "outfile": "select 1 into outfile '{folder}/out'",
    "outfile-in-brackets": "select * from (select 1 into outfile '{folder}/out') x",
    "outfile-in-comment": "select 1 /*! into outfile '{folder}/out' */",
    "outfile-version": "select 1 /*!50000 into outfile '{folder}/out' */",
    "outfile-of-mariadb": "select 1 /*M! into outfile '{folder}/out' */",
    "outfile-union": "select 1 union select 2 into outfile '{folder}/out'",
    "out-of-our-brackets": "select 1) into outfile '{folder}/out' -- ",
    "out-of-our-brackets-2": "select 1) or exists (select 1 into outfile '{folder}/out'",
    "dumpfile": "select 'x' into dumpfile '{folder}/dump'",
    "variable": "select 1 into @kept",
    "load-file": "select load_file('/etc/hostname')",
    "lock": "select get_lock('a', 1)",
    "lock-comment": "select get_lock/**/('a', 1)",
    "locks": "select release_all_locks()",
    "sequence": "select nextval(counter)",
    "sequence-words": "select next value for counter",
    "sequence-set": "select setval(counter, 99)",
    "function": "select wipe()",
    "function-quoted": "select `practice` . `wipe` ()",
    "function-that-lies": "select quiet()",
    "function-to-a-file": "select writes()",
    "call": "with x as (select 1) call clean()",
    "for-update": "select id from patient for update",
    "share": "select count(*) from patient lock\nIN share mode",
    "share-and-wait": "select count(*) + sleep(3) from patient lock in share mode",
    "delete": "with x as (select 1) delete from letter",
    "analyse": "select * from patient procedure analyse()",
    "benchmark": "select benchmark(1000000000, md5('x'))",
    "wait": "select master_gtid_wait('0-1-999', 2)",
    "client-shell": "select 5 \\! touch {folder}/shell",
    "client-shell-line": "select 5\n\\! touch {folder}/shell",
    "client-system": "select 5\nsystem touch {folder}/shell",
    "client-tee": "select 5\ntee {folder}/tee",
    "client-source": "select 5\nsource /etc/hostname",
    "values-into": "values (1) into outfile '{folder}/out'",
}

#: not even begun, whatever the engine: they do not begin like a query
OTHER_WORDS = (
    "set global max_connections = 7", "set statement max_statement_time=0 for select 5",
    "begin not atomic delete from letter; end", "delete from patient", "call clean()",
    "do $$ begin delete from patient; end $$", "copy patient to program 'true'",
    "alter system set archive_command = 'true'", "listen a", "lock table patient",
    "explain analyze delete from patient", "prepare x as delete from patient",
    "declare x cursor for select 1", "execute immediate 'delete from letter'",
    "handler patient open", "kill 1", "flush tables with read lock", "/*! delete from letter */",
    "\\! touch /tmp/x", "source x", "; delete from patient", "", "( select 1 )",
)  # fmt: skip
