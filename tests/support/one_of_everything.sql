-- PostgreSQL: one of everything that a dump, a restore or a comparison can trip over.
create role "Dr. O'Hara" nologin;
create role reader nologin;
create schema "sch""ema ü '";
create schema practice authorization "Dr. O'Hara";
grant usage on schema practice to reader;
create extension hstore;
create extension pg_trgm with schema practice;
create type practice.urgency as enum ('low', 'high', 've''ry');
create domain practice.bsn as varchar(9) check (value ~ '^[0-9]{9}$');
create type practice.address as (street text, number int);
create type practice.span as range (subtype = numeric);

create table practice.patient (
    id bigint generated always as identity primary key,
    t text, -- named like our alias
    name varchar(80) not null,
    status varchar(10) default 'new' check (status in ('new', 'known', 'gone')),
    nr practice.bsn,
    born date,
    urgency practice.urgency default 'low',
    lives practice.address,
    weight double precision,
    price money,
    paid numeric(14, 4),
    notes jsonb,
    raw json,
    page xml,
    scan bytea,
    tags text[],
    at timestamptz,
    took interval,
    stay practice.span,
    extra hstore,
    initials text generated always as (upper(left(name, 1))) stored,
    exclude using gist (stay with &&)
);
create unique index on practice.patient (lower(name), id) where status <> 'gone';
create index on practice.patient using gin (name practice.gin_trgm_ops);
create statistics practice.name_status on name, status from practice.patient;
insert into practice.patient (t, name, nr, born, lives, weight, price, paid, notes, raw, page,
    scan, tags, at, took, stay, extra)
select 'x', 'Ñamé ' || i || E'\t"quoted''\\', lpad(i::text, 9, '0'), date '1900-01-01' + i,
    row('Straße "1"', i)::practice.address, i / 3.0, i * 1.01, i / 7.0, jsonb_build_object('k', i), '{"b":1, "a" : 2}',
    '<a>&amp;</a>', decode(md5(i::text), 'hex'), array['a', null, 'NULL', 'b"c'],
    timestamptz 'infinity', interval '1 mon 2 days', practice.span(i * 2, i * 2 + 1),
    hstore('k', i::text)
from generate_series(1, 500) i;
insert into practice.patient (name, weight, scan) values ('nan', 'NaN', ''), ('inf', '-Infinity', null);
alter table practice.patient owner to "Dr. O'Hara";
grant select (name, born) on practice.patient to reader;
grant select on practice.patient to public;
alter table practice.patient enable row level security;
create policy own on practice.patient for select to reader using (status in ('new', 'known'));
comment on table practice.patient is 'who it''s about 😀';
comment on column practice.patient.nr is 'number';

create table "sch""ema ü '"."ta b'le
line" ("co""l 1" int, "co'l	2" text);
insert into "sch""ema ü '"."ta b'le
line" values (1, E'a\nb\\c\td'), (null, null), (1, ''), (1, '');
create table nothing ();
insert into nothing default values;
insert into nothing default values;
create unlogged table busy (i int);
insert into busy values (1);

create table measurement (at date not null, value int) partition by range (at);
create table measurement_2025 partition of measurement
    for values from ('2025-01-01') to ('2026-01-01');
create table measurement_other partition of measurement default;
create index on measurement (at);
insert into measurement select date '2024-12-01' + i, i from generate_series(1, 400) i;

create table parent (a int, b text);
create table child (own int) inherits (parent);
insert into child (a, b, own) values (1, 'b', 2);
alter table parent add column later int default 5; -- comes back in another column order

create table visit (id serial primary key, patient bigint references practice.patient
    on delete cascade deferrable initially deferred, note text);
insert into visit (patient, note) select 1 + i % 500, 'n' || i from generate_series(1, 1000) i;
create sequence down increment -5 maxvalue 1000 start 1000;
select nextval('down'), nextval('down');
create sequence unused;

create view known as select id, name from practice.patient where status = 'known';
create materialized view stale as select count(*) as n from visit;
create materialized view unmade as select 1 as one with no data;
insert into visit (note) values ('the materialized view does not know this one');

create function practice.twice(i int) returns int language sql immutable as 'select i * 2';
create function practice.twice(i text) returns text language sql immutable as $$ select i || i $$;
create procedure practice.nothing() language plpgsql as $$ begin null; end $$;
create aggregate practice.total(int) (sfunc = int4pl, stype = int, initcond = '0');
create operator practice.### (leftarg = int, rightarg = int, function = int4pl);
create cast (practice.address as text) with inout;
create function stamp() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger stamp before update on visit for each row when (old.note is distinct from new.note)
    execute function stamp();
alter table visit disable trigger stamp;
create rule quiet as on delete to busy do instead nothing;
create publication news for table visit;
create collation practice.plain (locale = 'C');
create text search configuration practice.dutch2 (copy = dutch);
alter default privileges in schema practice grant select on tables to reader;

create extension file_fdw;
create server outside foreign data wrapper file_fdw;
create foreign table elsewhere (line text) server outside options (filename '/nonexistent');

select lo_from_bytea(0, decode(repeat('00ff', 3000000), 'hex'));
select lo_from_bytea(424242, 'small');
select lo_create(424243);
comment on large object 424242 is 'a scan';
