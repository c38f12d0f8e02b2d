package upstream

// Quiet reports whether nothing has come on the connections that are kept.
func (c *Client) Quiet() bool {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	for _, l := range c.wire.idle {
		if !quiet(l.raw) {
			return false
		}
	}
	return true
}

// Kept counts the connections that are kept.
func (c *Client) Kept() int {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	return len(c.wire.idle)
}
