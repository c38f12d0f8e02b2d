package main

type ledgerCommands struct {
	Search   ledgerSearch   `cmd:"" help:"Find entries by time, person, patient, task, effect, kind."`
	Show     ledgerShow     `cmd:"" help:"Show the entries of a decision or act."`
	Verify   ledgerVerify   `cmd:"" help:"Verify a record: every entry, hash and signature. Needs no server."`
	Prove    ledgerProve    `cmd:"" help:"Write a file that proves one entry (C2SP tlog-proof)."`
	Key      ledgerKey      `cmd:"" help:"Make a signing key for a log's name."`
	Continue ledgerContinue `cmd:"" help:"Go on under a new name after a restore from a backup."`
}
