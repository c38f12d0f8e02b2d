package testkit
func findKeycloak() error { return nil }
