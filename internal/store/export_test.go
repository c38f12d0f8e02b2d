package store

// Queued is how many entries wait for the writer.
func (s *Store) Queued() int { return len(s.in) }
