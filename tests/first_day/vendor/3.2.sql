-- Tally 3.2: a ship has a flag.
begin;
alter table office.ship add column flag text not null default 'unknown';
update office.about set version = '3.2';
commit;
