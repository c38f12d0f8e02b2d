// Package ledger is the record: what was decided, what was opened, how it
// ended, and every act that governs the system itself.
//
// An [Entry] is one canonical JSON object (RFC 8785, integers only, at most
// [MaxEntry] bytes). What is hashed is what is stored. Entries are the leaves of
// an RFC 6962 tree whose signed checkpoints (C2SP tlog-checkpoint) and tiles
// (C2SP tlog-tiles) a [Publisher] writes to a folder, so that a copy of the
// folder and a verification key are all that an auditor needs; see
// docs/ledger-format.md and package modicum/ledger/verify, which shares no code
// with this one.
//
// Entries hold names of things and never values: patients appear as keyed
// references ([Refs]), searches as the names of their parameters. What the types
// here cannot check is the promise of whoever fills them in (threat model L4).
//
// The package does no network I/O and keeps no state of its own: the entries
// themselves live in a store that implements [Log] and [Source].
package ledger
