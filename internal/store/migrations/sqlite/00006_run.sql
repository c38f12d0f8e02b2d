-- 0006: whom entries name lies together: a row for each run of entries and each part of the names, in place of one for each
-- name of each entry. The rows are made of what ledger_term holds, which goes (0007).
-- +goose Up
create table ledger_run (
  bucket integer not null,        -- of the names; -1: the row says up to which position the index is whole
  seg    integer not null,        -- positions from seg * 8192
  first  integer not null,        -- position from which on the entries were looked at
  terms  blob    not null,        -- each name with the positions of the entries that have it
  primary key (bucket, seg, first)
) strict;
