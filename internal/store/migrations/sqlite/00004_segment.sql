-- 0004: what a run of 8192 positions holds, once it is full and so never changes: a search for what is rare looks at few
-- of them. Written behind the entries; a run that has no row here is looked through. The program before this one writes none.
-- +goose Up
create table ledger_segment (
  seg    integer primary key,     -- positions from seg * 8192
  oldest integer not null,        -- at of its entries, microseconds since 1970, UTC
  newest integer not null,
  traits text    not null         -- " role:nurse task:give-care ": of its decisions and acts, sorted, a blank around each
) strict;
