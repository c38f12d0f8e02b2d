// Package whole tests Modicum as it is installed: the built command, a configuration,
// a policy, a real FHIR server, a real identity provider, real clients, and the record
// that is left. A canary patient is looked for in all that it keeps or says.
package whole
