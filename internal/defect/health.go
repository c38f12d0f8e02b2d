package defect

// Faults of what an installation says of itself.
const (
	EmergencyIsDown Defect = "emergency-is-down" // while broken glasses go on, requests are sent elsewhere
	SecretShown     Defect = "secret-shown"      // the configuration in force is shown with its secrets
)
