package caller

import (
	"crypto/sha256"
	"sync"
)

// cache keeps verified tokens by their hash, so that a signature is checked once
// and a copy of memory holds no token. When it is full the older half goes.
type cache struct {
	mu       sync.RWMutex
	half     int
	new, old map[[sha256.Size]byte]*Caller
	cleared  uint64 // how often; a verification begun before does not fill it after
}

func newCache(size int) *cache {
	return &cache{half: max(1, size/2), new: map[[sha256.Size]byte]*Caller{}}
}

func (c *cache) get(sum [sha256.Size]byte) *Caller {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if found := c.new[sum]; found != nil {
		return found
	}
	return c.old[sum]
}

func (c *cache) epoch() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.cleared
}

func (c *cache) put(sum [sha256.Size]byte, found *Caller, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.cleared {
		return
	}
	if len(c.new) >= c.half {
		c.old, c.new = c.new, make(map[[sha256.Size]byte]*Caller, c.half)
	}
	c.new[sum] = found
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.new, c.old = map[[sha256.Size]byte]*Caller{}, nil
	c.cleared++
}
