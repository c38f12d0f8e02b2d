package main

// commands is the command line, one field a command; each is a file of this folder.
type commands struct {
	Demo       demoCommand       `cmd:"" help:"A synthetic hospital with the gate before it: tells its story, then serves."`
	Init       initCommand       `cmd:"" help:"Make a new installation in a folder: configuration, sample policy, keys."`
	Serve      serveCommand      `cmd:"" help:"Run the gate before your FHIR server."`
	Policy     policyCommands    `cmd:"" help:"Check, format, test and show a policy."`
	Catalog    catalogCommands   `cmd:"" help:"What there is to protect: data classes, elements, who sees them."`
	See        seeCommand        `cmd:"" help:"Show FHIR resources as a task would see them."`
	Decide     decideCommand     `cmd:"" help:"Decide requests: NDJSON in, decisions as NDJSON out."`
	Facts      factsCommands     `cmd:"" help:"Facts in and out: who is assigned to whom, who is on shift."`
	Explain    explainCommand    `cmd:"" help:"Derive a recorded decision again; it must agree to the bit."`
	Ledger     ledgerCommands    `cmd:"" help:"Search, show, verify, prove and continue the record."`
	Login      loginCommand      `cmd:"" help:"Sign in, for a task and some minutes, in your browser."`
	Logout     logoutCommand     `cmd:"" help:"Give the token of this command line back."`
	Ask        askCommand        `cmd:"" help:"Ask for more than your tasks show, for a while."`
	Withdraw   withdrawCommand   `cmd:"" help:"Take back what you asked for."`
	Inbox      inboxCommand      `cmd:"" help:"What waits for your answer, and what you were told."`
	Approve    approveCommand    `cmd:"" help:"Say yes to exactly what is asked."`
	Refuse     refuseCommand     `cmd:"" help:"Say no, with a word."`
	Grants     grantsCommand     `cmd:"" help:"What is lent to you, and what you asked for."`
	Revoke     revokeCommand     `cmd:"" help:"Give back what is lent, or take it away."`
	BreakGlass breakGlassCommand `cmd:"" help:"Open one patient's chart at once, in an emergency."`
	People     peopleCommands    `cmd:"" help:"The people of the organization, and what they hold."`
	Keys       keysCommands      `cmd:"" help:"The keys of your programs."`
	Record     recordCommands    `cmd:"" help:"Search the record of a running installation, show and prove it."`
	SeeAs      seeAsCommand      `cmd:"" help:"See records as a task of somebody else would show them."`
	Look       lookCommand       `cmd:"" help:"What a task of yours shows of a patient, and why not more."`
	Tokens     tokensCommands    `cmd:"" help:"Tokens of yours that go on, and their end."`
	Sessions   sessionsCommands  `cmd:"" help:"Where you are signed in, and its end."`
	Wishes     wishesCommand     `cmd:"" help:"How you are told by mail."`
	Health     healthCommand     `cmd:"" help:"How each part of the installation does."`
	Webhook    webhookCommand    `cmd:"" help:"Call a webhook again that its receiver switched off."`
	Settings   settingsCommand   `cmd:"" help:"The configuration in force."`
	Reviews    reviewsCommands   `cmd:"" help:"What is to be looked at afterwards: broken glasses, and what was lent."`
	Observe    observeCommands   `cmd:"" help:"What enforcing would withhold, of a door that only observes."`
	SelfTest   selfTestCommand   `cmd:"" help:"Attack a running installation by every channel, and grade it."`
	Version    versionCommand    `cmd:"" help:"Say version, commit and what was linked."`
	Help       helpCommand       `cmd:"" help:"Explain a topic or a command."`
	Completion completionCommand `cmd:"" help:"Print the completion script of a shell."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"Words that may come next; for the completion scripts."`
}
