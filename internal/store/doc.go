// Package store is our own database; nobody else speaks SQL to it.
//
// A [Store] is a folder of mode 0700 that holds one SQLite file, the journal, the
// lock that keeps a second process out, and the published record. It implements
// [ledger.Log]: an entry and the act that it records are one transaction, many
// callers share one commit, and nobody is woken before that commit is on disk.
//
// Entries without an act become durable in the journal: a batch is one frame with
// its signed tree, one write and one sync. A moment later they are moved into the
// database, many batches at once. An act commits in the database together with all
// that the journal held before it, so that there is one order. Whoever reads waits
// until what was acknowledged lies in the database. After a crash the next start
// takes up what the journal holds beyond it, checked against the signed trees.
//
// Entries lie in sheaves: up to 128 that follow each other are one row, with a short head for
// each, by which searches look for them. Ids are UUIDv7, which grow with time, so that a row
// tells by the greatest id up to its end which ids may lie in it, and needs no index of them;
// the few entries that lie elsewhere have a row of their own.
//
// Whom entries name is remembered until it fills a run of the index, which is written in
// the transaction of the entries that come then. What a segment of the record holds is
// learned as its entries come, and what is to be published is kept until it is. All three
// can be made again from the entries, and are where the process did not see them come.
//
// The database is the authority. What lies in the published folder is written
// from it, and looked at on opening only to learn whether the database is older
// than what it has already signed.
package store
