-- 0002: facts that programs posted. In memory alone they would be gone after a restart, and with them restrictions.
-- +goose Up
create table posted_fact (
  source text    not null,
  whole  integer not null,        -- 1: the last body that was the source's entire content; 0: one line since
  key    text    not null,        -- of a line: which it replaces; empty for a body
  at     integer not null,        -- when it was learned, microseconds since 1970, UTC
  body   blob    not null,        -- as stated, NDJSON
  constraint whole_or_line check (whole = 1 and key = '' or whole = 0 and key <> ''),
  primary key (source, whole, key)
) strict, without rowid;
