-- The books as Tally 3.1 made them: an owner of their own, two schemas, an extension, scans.
create schema office authorization "Tally Office";
create schema audit authorization tally_audit;
create extension pg_trgm schema office;
set role "Tally Office";
create table office.about (version text not null);
insert into office.about values ('3.1');
create table office.ship (id bigint generated always as identity primary key, name text, scan oid);
insert into office.ship (name, scan)
  select 'ship ' || i, case when i % 100 = 0 then lo_from_bytea(0, convert_to('scan ' || i, 'UTF8')) end
  from generate_series(1, :ships) i;
create index on office.ship using gin (name office.gin_trgm_ops);
create view office.newest as select id, name from office.ship order by id desc limit 20;
set role tally_audit;
create table audit.line (at timestamptz default now(), what text);
insert into audit.line (what) select 'line ' || i from generate_series(1, 300) i;
reset role;
