-- 0009: the rows of single entries go. All that they held lies in ledger_sheaf: bindRows moved it, a piece at a time, before
-- this step.
-- +goose Up
drop table ledger_entry;
