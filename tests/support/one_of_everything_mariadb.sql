-- MariaDB: one of everything that a dump, a restore or a comparison can trip over.
create table patient (
    id bigint auto_increment primary key,
    name varchar(80) character set utf8mb4,
    latin varchar(80) character set latin1,
    fixed char(10), bin binary(4), varbin varbinary(20),
    born date, seen datetime(6), at timestamp null, took time(3), yr year,
    tiny tinyint unsigned, big bigint unsigned, price decimal(12, 4), weight double, height float,
    flags bit(9), kind enum('a', 'b''c'), tags set('x', 'y'), note text, scan longblob,
    doc json, place point not null, address inet6, ident uuid,
    initials varchar(1) as (upper(left(name, 1))) virtual,
    double_price decimal(12, 4) as (price * 2) stored,
    hidden int invisible default 7,
    unique key (name, born), key (latin), fulltext key (note), spatial index (place),
    check (tiny < 200)
) engine = InnoDB default charset = utf8mb4;
insert into patient (name, latin, fixed, bin, varbin, born, seen, at, took, yr, tiny, big, price,
    weight, height, flags, kind, tags, note, scan, doc, place, address, ident, hidden)
select concat('Ñamé 😀 ', seq), 'caf\u00e9 é', ' x ', x'00ff', x'0a0d00275c', '0000-00-00' + interval 0 day,
    '2026-01-01 10:00:00.123456', '2026-06-01 12:00:00', '-100:00:00.5', 1999, 199,
    18446744073709551615, seq / 7, seq / 3, seq / 2, b'101', 'b''c', 'x,y',
    'line\nbreak\ttab\\back''quote"', repeat(x'00ff0d0a1a275c', 100), '{"a": 1}',
    point(seq, 1), '::1', uuid(), seq
from seq_1_to_300;
insert into patient (name, born, place) values ('zero', '0000-00-00', point(0, 0)), (null, null, point(0, 0)),
    ('', '2026-00-00', point(0, 0));

create table `ta'b``le x` (`co``l 1` int, `col	2` varchar(10)) engine = MyISAM;
insert into `ta'b``le x` values (1, 'a'), (null, null), (1, ''), (1, '');
create table aria (i int, t text) engine = Aria;
insert into aria values (1, 'x');
create table csv (i int not null, t varchar(10) not null) engine = CSV;
insert into csv values (1, 'x');
create table memory (i int) engine = MEMORY;
insert into memory values (5);
create table archive (i int) engine = ARCHIVE;
insert into archive values (6);
create table parted (i int, primary key (i)) partition by hash (i) partitions 3;
insert into parted select seq from seq_1_to_50;
create table versioned (i int) with system versioning;
insert into versioned values (1);
update versioned set i = 2;
create table period (i int, a timestamp(6) generated always as row start,
    b timestamp(6) generated always as row end, period for system_time (a, b))
    with system versioning;
insert into period (i) values (1);
update period set i = 2;
create table compressed (t text) row_format = compressed;
insert into compressed values ('c');
create table visit (id int auto_increment primary key, patient bigint, note varchar(100),
    changed timestamp on update current_timestamp default current_timestamp,
    constraint of_patient foreign key (patient) references patient (id) on delete cascade);
insert into visit (patient, note) select 1 + seq % 300, concat('n', seq) from seq_1_to_1000;
delete from visit where id > 990;
create table elsewhere (i int) engine = MERGE union = ();
create sequence number start with 10 increment by 5;
select nextval(number);
create sequence down start with -1 increment by -1 minvalue -1000 maxvalue -1;

delimiter //
create function twice(i int) returns int deterministic begin return i * 2; end//
create procedure nothing(in a int, out b int) begin set b = a; end//
create definer = 'gone'@'nowhere' procedure of_nobody() begin select 1; end//
create trigger stamp before insert on visit for each row begin set new.note = concat(new.note, '!'); end//
create trigger later before insert on visit for each row follows stamp begin end//
create event tidy on schedule every 1 second on completion preserve do delete from visit//
delimiter ;
alter event tidy disable;
create view known as select id, twice(tiny) as t from patient where name is not null;
create definer = 'app'@'%' sql security invoker view of_known as select * from known;
