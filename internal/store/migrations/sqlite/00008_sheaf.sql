-- 0008: entries that follow each other lie in one row: a row for each entry with three trees above it cost more than the
-- entry itself. What ledger_entry holds is moved here (0009), and it goes.
-- +goose Up
create table ledger_sheaf (
  first   integer primary key,    -- position of its first entry, over all origins
  n       integer not null,       -- entries
  ceiling blob    not null,       -- the greatest id of a decision or act up to the end of this row
  heads   blob    not null,       -- of each entry what searches ask for: see sheaf.go
  bodies  blob    not null,       -- canonical JSON, each with its length before it, as in a bundle that is published
  constraint sheaf_is_within_128 check (n between 1 and 128 and first / 128 = (first + n - 1) / 128),
  constraint ceiling_is_an_id check (length(ceiling) = 16)
) strict;
create index ledger_sheaf_ceiling on ledger_sheaf (ceiling, first);

-- Entries that are not where their id tells: a decision or act whose id is no greater than those of two sheaves before,
-- and what came of a decision more than 8192 positions behind it.
create table ledger_far (
  id  blob    not null,
  pos integer not null,
  primary key (id, pos)
) strict, without rowid;
