-- 0001: the record. Entries are only ever added; the signed head moves with them.
-- +goose Up
create table ledger_origin (
  origin     integer primary key, -- 1, 2, ...; a later one continues the one before it
  name       text    not null unique,
  first      integer not null,    -- position of its first entry
  size       integer not null,    -- entries that the checkpoint covers
  checkpoint blob    not null,    -- signed, C2SP tlog-checkpoint
  constraint origin_counts_up check (origin > 0 and first >= 0 and size >= 0)
) strict;

create table ledger_entry (
  pos    integer primary key,     -- over all origins; index in the tree = pos - first of the origin
  leaf   blob    not null,        -- hash of body as a leaf, RFC 6962
  body   blob    not null,        -- canonical JSON: what is hashed is what is stored
  kind   text    not null,
  id     text    not null,        -- of the decision or act
  part   integer not null,        -- decision and act 0, opened its number from 1, outcome -1, -2, ...
  at     integer not null,        -- microseconds since 1970, UTC
  who    text,
  role   text,
  task   text,
  effect text,
  constraint leaf_is_a_hash check (length(leaf) = 32),
  constraint entry_fits_a_bundle check (length(body) between 2 and 65535),
  constraint each_part_once unique (id, part)
) strict;
create index ledger_entry_at on ledger_entry (at);

-- Who (w:person) and whom (p:keyed reference) an entry names. Written behind the
-- entries, a few thousand at a time: the newest are remembered in memory and
-- found again on opening. A segment is 8192 positions, so that writing touches
-- few pages however many patients there are; a search asks every segment.
create table ledger_term (
  seg  integer not null,
  term text    not null,
  pos  integer not null,
  primary key (seg, term, pos)
) strict, without rowid;

create table ledger_node (
  origin integer not null,
  level  integer not null,        -- of the tile, from 1; leaves are in ledger_entry
  n      integer not null,        -- among the hashes of that level
  hash   blob    not null,
  constraint node_is_a_hash check (length(hash) = 32),
  primary key (origin, level, n)
) strict, without rowid;
