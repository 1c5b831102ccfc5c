-- The vendor's update from 5.0 to 5.1, as it should be: all of it, or nothing.
begin;
alter table patient add column consent_on date;
update patient set consent_on = date '2026-11-01' where id % 2 = 0;
create table consent_log (
    id bigint generated always as identity primary key,
    patient_id bigint not null references patient,
    consent_on date not null
);
insert into consent_log (patient_id, consent_on)
select id, consent_on from patient where consent_on is not null order by id;
update schema_version set version = 51, installed_on = date '2026-11-21';
commit;
