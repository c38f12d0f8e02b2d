// Package store is our own database; nobody else speaks SQL to it.
//
// A [Store] is a folder of mode 0700 that holds one SQLite file, the lock that
// keeps a second process out, and the published record. It implements
// [ledger.Log]: an entry and the act that it records are one transaction, many
// callers share one commit, and nobody is woken before that commit is on disk.
//
// The database is the authority. What lies in the published folder is written
// from it, and looked at on opening only to learn whether the database is older
// than what it has already signed.
package store
