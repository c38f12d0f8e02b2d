-- 0003: what the organization writes about itself: people, sessions, requests, grants, notices. A page is written in the
-- transaction of the entry that tells of it. Closed pages are history and stay.
-- +goose Up
create table book_page (
  kind     text    not null,
  id       text    not null,
  revision integer not null,      -- 1, 2, ...
  closed   integer not null,
  owner    text    not null,      -- of a closed page: whom it is about
  body     blob    not null,      -- JSON
  constraint page_counts_up check (revision > 0 and closed in (0, 1)),
  primary key (kind, id)
) strict, without rowid;
create index book_page_open on book_page (kind) where closed = 0;
create index book_page_history on book_page (kind, owner, id) where closed = 1;
