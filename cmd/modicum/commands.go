package main

// commands is the command line, one field a command; each is a file of this folder.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"A synthetic hospital with the gate before it: tells its story, then serves."`
	Init    initCommand    `cmd:"" help:"Make a new installation in a folder: configuration, sample policy, keys."`
	Serve   serveCommand   `cmd:"" help:"Run the gate before your FHIR server."`
	Version versionCommand `cmd:"" help:"Say version, commit and what was linked."`
}
