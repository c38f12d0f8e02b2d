-- 0005: what a segment holds says how answers ended as well. The rows are written anew, behind the entries.
-- +goose Up
delete from ledger_segment;
